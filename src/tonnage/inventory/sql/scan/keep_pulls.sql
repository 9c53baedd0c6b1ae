-- Keep what earlier scans were told of pulls.
insert into store.pull select * from earlier.store.pull;
insert into store.pull_file select * from earlier.store.pull_file;
insert into store.pull_seen select * from earlier.store.pull_seen;
