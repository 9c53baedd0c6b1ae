-- Folders with nothing in them.
insert into store.empty_folder
select e.path, p.repository_id, e.tag, e.part_id
from staged_empty_folder as e
left join store.repository as p using (repository)
order by e.path;
