-- Carry what the earlier scan listed in parts that did not change: open uploads in parts.
insert into staged_multipart_upload
select t.path, t.upload_id, t.size_bytes, epoch_us(t.started_at), c.part_id
from earlier.store.multipart_upload as t
join carried as c on c.earlier_id = t.part_id;
