-- Bytes of orphaned blobs: what a garbage collection would free now, untagged revisions kept. One row per registry.
-- type: gauge
select cast(coalesce(sum(size_bytes), 0) as bigint) as value
from orphaned
where not is_pinned;
