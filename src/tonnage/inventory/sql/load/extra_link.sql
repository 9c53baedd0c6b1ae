-- Links the registry itself never reads.
insert into store.extra_link
select l.kind, p.repository_id, l.digest, l.path, l.size_bytes, l.content_digest, l.part_id
from staged_extra_link as l
join store.repository as p using (repository);
