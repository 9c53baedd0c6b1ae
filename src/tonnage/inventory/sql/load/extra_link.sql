-- Links the registry itself never reads.
insert into store.extra_link
select l.kind, p.repository_id, d.digest_id, l.path, l.size_bytes, c.digest_id, l.part_id
from staged_extra_link as l
join store.repository as p using (repository)
join numbered as d on d.staged_id = l.digest
left join numbered as c on c.staged_id = l.content_digest
order by l.path;
