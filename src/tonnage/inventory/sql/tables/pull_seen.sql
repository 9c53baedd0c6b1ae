-- Lines of logs that were counted, so that none is counted twice. One row per line.
create table store.pull_seen (line bigint not null);
comment on table store.pull_seen is 'Lines of logs that were counted, so that none is counted twice. One row per line.';
comment on column store.pull_seen.line is 'Hash of the line, or of the event''s id. What the line says of who pulled is not kept.';
