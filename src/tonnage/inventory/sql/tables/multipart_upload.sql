-- Open uploads in parts of a bucket: no objects yet, and paid for. One row per upload.
create table store.multipart_upload (path varchar not null, upload_id varchar not null, size_bytes bigint not null, started_at timestamp, part_id integer not null);
comment on table store.multipart_upload is 'Open uploads in parts of a bucket: no objects yet, and paid for. One row per upload.';
comment on column store.multipart_upload.path is 'Path below v2/ of the object it would become.';
comment on column store.multipart_upload.upload_id is 'Id of the upload, as the store has it.';
comment on column store.multipart_upload.size_bytes is 'Bytes of the parts sent so far.';
comment on column store.multipart_upload.started_at is 'When it was begun, UTC.';
comment on column store.multipart_upload.part_id is 'Part of the storage it was listed with.';
