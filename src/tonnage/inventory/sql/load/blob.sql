-- A blob seen twice, through a link, counts once.
create or replace temp table seen_twice as
select digest_id, max(size_bytes), max(modified_at), min(part_id)
from store.blob
group by digest_id
having count(*) > 1;
delete from store.blob where digest_id in (select digest_id from seen_twice);
insert into store.blob from seen_twice;
