-- Blobs that the set frees, the largest first; what is orphaned already is not the set's. One row per blob.
select d.digest, f.size_bytes, u.role
from freed as f
join store.digest as d on d.digest_id = f.blob_id
join store.usage as u on u.blob_id = f.blob_id
where not f.is_orphaned
order by f.size_bytes desc, d.digest, f.blob_id;
