-- Which of its own folders each repository has. One row per repository, folder and part that shows it.
create table store.folder (repository varchar not null, folder varchar not null, part_id integer not null);
comment on table store.folder is 'Which of its own folders each repository has. One row per repository, folder and part that shows it.';
comment on column store.folder.repository is 'Name of the repository.';
comment on column store.folder.folder is 'Name of the folder: _layers, _manifests, _manifests/tags, _uploads and so on.';
comment on column store.folder.part_id is 'Part of the storage it was listed with.';
