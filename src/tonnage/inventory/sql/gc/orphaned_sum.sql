-- What the collection removes that was orphaned already, before any deletion. One row.
select coalesce(cast(sum(u.size_bytes) as bigint), 0) as orphaned_bytes
from gc_removed_blob as x
join store.usage as u on u.blob_id = x.digest_id
where u.class = 'orphaned';
