-- Times at which something read nearly all blobs in a row: a backup, a copy, a virus scanner. One row per sweep.
create table store.sweep (first_at timestamp not null, last_at timestamp not null, blobs_count bigint not null);
comment on table store.sweep is 'Times at which something read nearly all blobs in a row: a backup, a copy, a virus scanner. One row per sweep.';
comment on column store.sweep.first_at is 'First read, UTC.';
comment on column store.sweep.last_at is 'Last read, UTC.';
comment on column store.sweep.blobs_count is 'Number of blobs whose last read this was.';
