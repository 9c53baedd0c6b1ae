-- Carry what the earlier scan listed in parts that did not change: strays.
insert into staged_stray
select t.path, p.repository, t.tag, t.size_bytes, epoch_us(t.modified_at), d.staged_id, c.part_id
from earlier.store.stray as t
join carried as c on c.earlier_id = t.part_id
left join earlier.store.repository as p using (repository_id)
left join known as d on d.digest_id = t.content_id;
