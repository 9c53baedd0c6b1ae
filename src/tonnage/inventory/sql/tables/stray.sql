-- Files that fit nothing in the layout of a registry. One row per file.
create table store.stray (path varchar not null, repository_id integer, tag varchar, size_bytes bigint not null, modified_at timestamp, content_id integer, part_id integer not null);
comment on table store.stray is 'Files that fit nothing in the layout of a registry. One row per file.';
comment on column store.stray.path is 'Path below v2/.';
comment on column store.stray.repository_id is 'Repository it lies in, if in one.';
comment on column store.stray.tag is 'Tag in whose folder it lies, if in one.';
comment on column store.stray.size_bytes is 'Size in bytes.';
comment on column store.stray.modified_at is 'When it was last written, UTC.';
comment on column store.stray.content_id is 'Digest it holds where the collectors take it for a link; null elsewhere, or where it holds none.';
comment on column store.stray.part_id is 'Part of the storage it was listed with.';
