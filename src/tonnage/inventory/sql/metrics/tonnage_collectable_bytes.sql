-- Bytes of orphaned blobs: what a garbage collection would free now, untagged revisions kept. One row per registry.
-- type: gauge
select case when (select has_files from source) then cast(coalesce(sum(size_bytes), 0) as bigint) end as value
from orphaned
where not is_pinned;
