-- Files that fit nothing.
insert into store.stray
select s.path, p.repository_id, s.tag, s.size_bytes, make_timestamp(s.modified_us), d.digest_id, s.part_id
from staged_stray as s
left join store.repository as p using (repository)
left join numbered as d on d.staged_id = s.content_digest
order by s.path;
