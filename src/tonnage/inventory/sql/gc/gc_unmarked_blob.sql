-- Blobs by their digest that nothing marks. One row per blob.
create or replace temp table gc_unmarked_blob as
select b.digest_id
from store.blob as b
left join gc_mark as m using (digest_id)
where m.digest_id is null and b.digest_id not in (select digest_id from gc_odd_digest);
