-- When files of blobs were last read, as the file system noted it. One row per blob.
create table store.access (blob_id integer not null, read_at timestamp not null, part_id integer not null);
comment on table store.access is 'When files of blobs were last read, as the file system noted it. One row per blob.';
comment on column store.access.blob_id is 'Digest of the blob.';
comment on column store.access.read_at is 'Access time of the file, UTC.';
comment on column store.access.part_id is 'Part of the storage it was listed with, which says when it was asked for.';
