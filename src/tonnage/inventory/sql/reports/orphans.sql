-- Blobs that no linked manifest refers to: safe to free, unless pinned; the registry's own collector may differ (tonnage gc). One row per blob.
-- $min_size bytes 0: at least this large
-- Needs: files
-- Example: tonnage orphans --min-size 100MiB
select digest, size_bytes, modified_at, is_pinned
from orphaned
where size_bytes >= $min_size
order by size_bytes desc, digest;
