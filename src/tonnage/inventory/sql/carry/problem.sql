-- Carry what the earlier scan listed in parts that did not change: oddities. Whether a file is in a folder's place is
-- found out anew, as that depends on links.
insert into staged_problem
select case t.kind when 'file_as_folder' then 'stray' else t.kind end, t.path, t.repository, t.digest, t.detail, c.part_id
from earlier.store.problem as t
join carried as c on c.earlier_id = t.part_id;
