-- Carry what the earlier scan listed in parts that did not change: layer links.
insert into staged_layer_link
select p.repository, path.staged_id, case when t.is_link_valid then d.staged_id end, t.size_bytes, epoch_us(t.modified_at), c.part_id
from earlier.store.layer_link as t
join carried as c on c.earlier_id = t.part_id
join earlier.store.repository as p using (repository_id)
join known as d using (digest_id)
join known as path on path.digest_id = t.path_digest_id;
