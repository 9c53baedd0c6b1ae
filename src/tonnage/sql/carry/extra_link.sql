-- Carry what the earlier scan listed in parts that did not change: links nobody reads.
insert into staged_extra_link
select t.kind, p.repository, t.digest_id, t.path, t.size_bytes, t.content_id, c.part_id
from earlier.store.extra_link as t
join carried as c on c.earlier_id = t.part_id
join earlier.store.repository as p using (repository_id);
