-- Carry what the earlier scan listed in parts that did not change: files of OCI image layouts.
insert into staged_layout_file
select p.repository, d.staged_id, t.path, t.size_bytes, epoch_us(t.modified_at), t.inode, c.part_id
from earlier.store.layout_file as t
join carried as c on c.earlier_id = t.part_id
left join earlier.store.repository as p using (repository_id)
left join known as d using (digest_id);
