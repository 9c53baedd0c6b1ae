-- Carry what the earlier scan listed in parts that did not change: tag history.
insert into staged_tag_history
select p.repository, t.tag, d.staged_id, t.size_bytes, epoch_us(t.modified_at), c.part_id
from earlier.store.tag_history as t
join carried as c on c.earlier_id = t.part_id
join earlier.store.repository as p using (repository_id)
join known as d using (digest_id);
