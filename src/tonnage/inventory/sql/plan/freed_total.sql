-- What a safe collection frees after the deletions, and what of it is orphaned already. One row.
select
    cast(coalesce(sum(size_bytes), 0) as bigint) as freed_bytes,
    count(*) as freed_blobs_count,
    cast(coalesce(sum(size_bytes) filter (where is_orphaned), 0) as bigint) as orphaned_bytes
from freed;
