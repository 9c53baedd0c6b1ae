-- Blobs by their digest that nothing marks. One row per blob.
create or replace temp view gc_unmarked_blob as
select b.digest_id
from store.blob as b
where b.digest_id not in (select digest_id from gc_mark) and b.digest_id not in (select digest_id from gc_odd_digest);
