-- What the collection frees of blobs, and what of that was orphaned already, before any deletion. One row.
select
    coalesce(cast(sum(u.size_bytes) as bigint), 0) as freed_bytes,
    coalesce(cast(sum(u.size_bytes) filter (where u.class = 'orphaned') as bigint), 0) as orphaned_bytes,
    count(*) as freed_blobs_count
from gc_removed_blob as x
join store.usage as u on u.blob_id = x.digest_id;
