-- Parts in which the storage was listed. One row per part.
create table store.part (part_id integer not null, prefix varchar not null, token varchar not null, fingerprint blob not null, files_count bigint not null, looked_at timestamp);
comment on table store.part is 'Parts in which the storage was listed. One row per part.';
comment on column store.part.part_id is 'Number used inside.';
comment on column store.part.prefix is 'Path below v2/.';
comment on column store.part.token is 'Proof of state: under the same token the part holds the same names.';
comment on column store.part.fingerprint is 'Hash over the names, sizes and times listed: the next scan leaves a part alone that has the same.';
comment on column store.part.files_count is 'Number of files listed.';
comment on column store.part.looked_at is 'When it was asked when its files were last read, UTC; null where the file system does not note it.';
