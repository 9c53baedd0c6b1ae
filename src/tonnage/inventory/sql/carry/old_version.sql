-- Carry what the earlier scan listed in parts that did not change: old versions.
insert into staged_old_version
select t.path, t.size_bytes, epoch_us(t.modified_at), c.part_id
from earlier.store.old_version as t
join carried as c on c.earlier_id = t.part_id;
