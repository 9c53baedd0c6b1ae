-- Blobs that no linked manifest refers to. One row per blob.
create or replace view orphaned as
select digest, size_bytes, is_pinned, modified_at
from blob_usage
where class = 'orphaned';
comment on view orphaned is 'Blobs that no linked manifest refers to. One row per blob.';
comment on column orphaned.digest is 'Digest of the blob.';
comment on column orphaned.size_bytes is 'Stored size in bytes.';
comment on column orphaned.is_pinned is 'Orphaned as far as is known, but a manifest that cannot be read may need it: never to be freed.';
comment on column orphaned.modified_at is 'When it was written, UTC.';
