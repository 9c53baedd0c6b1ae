-- Carry what the earlier scan listed in parts that did not change: blobs.
insert into staged_blob
select d.staged_id, t.size_bytes, epoch_us(t.modified_at), c.part_id
from earlier.store.blob as t
join carried as c on c.earlier_id = t.part_id
join known as d using (digest_id);
