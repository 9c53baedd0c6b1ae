-- Folders with nothing in them.
insert into store.empty_folder
select path, repository, tag, part_id
from arrived;
