-- Bytes of orphaned blobs: what a garbage collection would free now, untagged revisions kept. Unknown where most of the storage is missing, and in a pull-through cache, which nobody should collect. One row per registry.
-- type: gauge
select case when (select has_files from source) and not exists (select 1 from doubt where is_grave or doubt = 'cache') then cast(coalesce(sum(size_bytes), 0) as bigint) end as value
from orphaned
where not is_pinned;
