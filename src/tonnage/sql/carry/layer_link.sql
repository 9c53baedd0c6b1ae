-- Carry what the earlier scan listed in parts that did not change: layer links.
insert into staged_layer_link
select p.repository, t.path_digest_id, case when t.is_link_valid then t.digest_id end, t.size_bytes, epoch_us(t.modified_at), c.part_id
from earlier.store.layer_link as t
join carried as c on c.earlier_id = t.part_id
join earlier.store.repository as p using (repository_id);
