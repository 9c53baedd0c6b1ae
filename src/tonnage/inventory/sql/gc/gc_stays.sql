-- Blobs that are there after the collection. One row per blob.
create or replace temp view gc_stays as
select b.digest_id, b.size_bytes
from store.blob as b
where b.digest_id not in (select digest_id from gc_removed_blob);
