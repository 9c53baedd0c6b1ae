-- Files that fit nothing.
insert into store.stray
select s.path, p.repository_id, s.tag, s.size_bytes, make_timestamp(s.modified_us), s.content_digest, s.part_id
from staged_stray as s
left join store.repository as p using (repository);
