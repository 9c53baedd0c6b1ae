-- Open uploads in parts of a bucket: no objects yet, and paid for. One row per upload.
create or replace view multipart_upload as
select
    t.path,
    t.upload_id,
    t.size_bytes,
    t.started_at
from store.multipart_upload as t;
comment on view multipart_upload is 'Open uploads in parts of a bucket: no objects yet, and paid for. One row per upload.';
comment on column multipart_upload.path is 'Path below v2/ of the object it would become.';
comment on column multipart_upload.upload_id is 'Id of the upload, as the store has it.';
comment on column multipart_upload.size_bytes is 'Bytes of the parts sent so far.';
comment on column multipart_upload.started_at is 'When it was begun, UTC.';
