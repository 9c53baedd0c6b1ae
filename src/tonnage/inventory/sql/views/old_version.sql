-- Objects of a bucket that were deleted or overwritten, and are kept. One row per version.
create or replace view old_version as
select
    t.path,
    case when t.path like 'blobs/%/data' then split_part(t.path, '/', 2) || ':' || split_part(t.path, '/', 4) end as digest,
    t.size_bytes,
    t.modified_at
from store.old_version as t;
comment on view old_version is 'Objects of a bucket that were deleted or overwritten, and are kept. One row per version.';
comment on column old_version.path is 'Path below v2/.';
comment on column old_version.digest is 'Digest of the blob it was; null for anything else.';
comment on column old_version.size_bytes is 'Size in bytes.';
comment on column old_version.modified_at is 'When this version was written, UTC.';
