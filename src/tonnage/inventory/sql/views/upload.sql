-- Uploads, open or abandoned. One row per upload.
create or replace view upload as
select
    p.repository,
    t.upload,
    t.started_at,
    t.size_bytes,
    t.files_count,
    t.modified_at,
    t.is_purgeable
from store.upload as t
join store.repository as p on p.repository_id = t.repository_id;
comment on view upload is 'Uploads, open or abandoned. One row per upload.';
comment on column upload.repository is 'Repository.';
comment on column upload.upload is 'Id of the upload.';
comment on column upload.started_at is 'When it was begun, UTC, by its startedat; null where that is missing or unreadable.';
comment on column upload.size_bytes is 'Bytes of all its files.';
comment on column upload.files_count is 'Number of its files.';
comment on column upload.modified_at is 'When one of its files was last written, UTC.';
comment on column upload.is_purgeable is 'Whether the server''s own purging can ever take it: the registry needs a readable startedat and a UUID as id, zot takes any.';
