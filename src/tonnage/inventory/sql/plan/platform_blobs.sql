-- Blobs that dropping these platforms frees, the largest first. One row per blob.
select d.digest, f.size_bytes, u.role
from platform_set as f
join store.digest as d on d.digest_id = f.blob_id
join store.usage as u on u.blob_id = f.blob_id
where f.is_freed
order by f.size_bytes desc, d.digest, f.blob_id;
