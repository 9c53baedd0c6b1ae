-- Folders of repositories.
insert into store.folder
select p.repository, a.folder, a.part_id
from arrived as a
join store.repository as p on p.repository_id = a.repository;
