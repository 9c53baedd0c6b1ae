-- Objects of a bucket that were deleted or overwritten, and are kept. One row per version.
create table store.old_version (path varchar not null, size_bytes bigint not null, modified_at timestamp, part_id integer not null);
comment on table store.old_version is 'Objects of a bucket that were deleted or overwritten, and are kept. One row per version.';
comment on column store.old_version.path is 'Path below v2/.';
comment on column store.old_version.size_bytes is 'Size in bytes.';
comment on column store.old_version.modified_at is 'When this version was written, UTC.';
comment on column store.old_version.part_id is 'Part of the storage it was listed with.';
