-- Carry what the earlier scan listed in parts that did not change: which folders a repository has.
insert into staged_folder
select t.repository, t.folder, c.part_id
from earlier.store.folder as t
join carried as c on c.earlier_id = t.part_id;
