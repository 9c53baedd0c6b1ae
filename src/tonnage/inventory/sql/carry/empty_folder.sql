-- Carry what the earlier scan listed in parts that did not change: empty folders.
insert into staged_empty_folder
select t.path, p.repository, t.tag, c.part_id
from earlier.store.empty_folder as t
join carried as c on c.earlier_id = t.part_id
left join earlier.store.repository as p using (repository_id);
