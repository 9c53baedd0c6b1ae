-- Blobs that no linked manifest refers to: a garbage collection frees them. One row per blob.
-- $min_size bytes 0: at least this large
select digest, size_bytes, is_pinned, modified_at
from orphaned
where size_bytes >= $min_size
order by size_bytes desc, digest;
