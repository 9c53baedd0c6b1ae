-- Blobs that are freed, with their bytes. One row per blob.
select d.digest, f.size_bytes
from freed as f
join store.digest as d on d.digest_id = f.blob_id
order by d.digest;
