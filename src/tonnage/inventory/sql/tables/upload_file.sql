-- Files of uploads. One row per file.
create table store.upload_file (
    repository_id integer not null,
    upload varchar not null,
    part varchar not null,
    started varchar,
    size_bytes bigint not null,
    modified_at timestamp,
    part_id integer not null
);
comment on table store.upload_file is 'Files of uploads. One row per file.';
comment on column store.upload_file.repository_id is 'Repository.';
comment on column store.upload_file.upload is 'Id of the upload.';
comment on column store.upload_file.part is 'startedat, data or hashstates.';
comment on column store.upload_file.started is 'What startedat says.';
comment on column store.upload_file.size_bytes is 'Size in bytes.';
comment on column store.upload_file.modified_at is 'When it was last written, UTC.';
comment on column store.upload_file.part_id is 'Part of the storage it was listed with.';
