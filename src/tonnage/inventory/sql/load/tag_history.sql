-- Digests that tags point to now or pointed to once.
insert into store.tag_history
select p.repository_id, h.tag, d.digest_id, h.size_bytes, make_timestamp(h.modified_us), h.part_id
from staged_tag_history as h
join store.repository as p using (repository)
join numbered as d on d.staged_id = h.digest
order by p.repository_id, h.tag, d.digest_id;
