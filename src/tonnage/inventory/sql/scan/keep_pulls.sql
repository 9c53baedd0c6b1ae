-- Keep the pulls that earlier scans read from logs.
insert into store.pull select * from earlier.store.pull;
insert into store.pull_file select * from earlier.store.pull_file;
insert into store.pull_seen select * from earlier.store.pull_seen;
