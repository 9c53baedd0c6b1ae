-- Digests that tags point to now or pointed to once.
insert into store.tag_history
select p.repository_id, h.tag, h.digest, h.size_bytes, make_timestamp(h.modified_us), h.part_id
from staged_tag_history as h
join store.repository as p using (repository);
