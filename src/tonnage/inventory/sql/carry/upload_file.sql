-- Carry what the earlier scan listed in parts that did not change: files of uploads.
insert into staged_upload_file
select p.repository, t.upload, t.part, t.started, t.size_bytes, epoch_us(t.modified_at), c.part_id
from earlier.store.upload_file as t
join carried as c on c.earlier_id = t.part_id
join earlier.store.repository as p using (repository_id);
