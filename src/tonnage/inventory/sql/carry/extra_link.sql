-- Carry what the earlier scan listed in parts that did not change: links nobody reads.
insert into staged_extra_link
select t.kind, p.repository, d.staged_id, t.path, t.size_bytes, content.staged_id, c.part_id
from earlier.store.extra_link as t
join carried as c on c.earlier_id = t.part_id
join earlier.store.repository as p using (repository_id)
join known as d using (digest_id)
left join known as content on content.digest_id = t.content_id;
