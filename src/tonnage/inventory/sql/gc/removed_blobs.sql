-- Blobs that the collection removes, with their bytes. One row per blob.
select d.digest, b.size_bytes
from gc_removed_blob as x
join store.blob as b using (digest_id)
join store.digest as d using (digest_id)
order by d.digest;
