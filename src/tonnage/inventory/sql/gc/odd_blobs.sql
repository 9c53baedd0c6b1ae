-- Blobs whose name is not a digest. One row per blob.
select d.digest
from store.blob as b
join gc_odd_digest as o using (digest_id)
join store.digest as d using (digest_id)
order by d.digest_id;
