-- Bytes of blobs that seem orphaned but may be needed by what could not be read. One row per registry.
-- type: gauge
select case when (select has_files from source) then cast(coalesce(sum(size_bytes), 0) as bigint) end as value
from orphaned
where is_pinned;
