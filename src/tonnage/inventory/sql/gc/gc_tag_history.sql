-- Tag history that the collector finds; it goes with the folder of its tag. One row per tag and digest.
create or replace temp view gc_tag_history as
select h.repository_id, h.tag, h.digest_id, h.size_bytes
from store.tag_history as h
where exists (select 1 from gc_tag as t where t.repository_id = h.repository_id and t.tag = h.tag);
