-- Folders of repositories.
insert into store.folder
select repository, folder, part_id from staged_folder order by repository, folder, part_id;
