-- Stored bytes of the blobs that some revision needs, each counted once: what the logical bytes come to on the disk. One row per registry.
-- type: gauge
select case when count(*) = count(size_bytes) then cast(coalesce(sum(size_bytes), 0) as bigint) end as value
from blob_usage
where class <> 'orphaned';
