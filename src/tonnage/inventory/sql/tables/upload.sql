-- Uploads, open or abandoned. One row per upload.
create table store.upload (
    repository_id integer not null,
    upload varchar not null,
    started_at timestamp,
    size_bytes bigint not null,
    files_count integer not null,
    modified_at timestamp,
    is_purgeable boolean not null,
    part_id integer not null
);
comment on table store.upload is 'Uploads, open or abandoned. One row per upload.';
comment on column store.upload.repository_id is 'Repository.';
comment on column store.upload.upload is 'Id of the upload.';
comment on column store.upload.started_at is 'When it was begun, UTC, by its startedat; null where that is missing or unreadable.';
comment on column store.upload.size_bytes is 'Bytes of all its files.';
comment on column store.upload.files_count is 'Number of its files.';
comment on column store.upload.modified_at is 'When one of its files was last written, UTC.';
comment on column store.upload.is_purgeable is 'Whether the server''s own purging can ever take it: the registry needs a readable startedat and a UUID as id, zot takes any.';
comment on column store.upload.part_id is 'Part of the storage it was listed with.';
