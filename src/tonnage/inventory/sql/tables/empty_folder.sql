-- Folders with nothing in them: what deletions leave behind. One row per folder.
create table store.empty_folder (path varchar not null, repository_id integer, tag varchar, part_id integer not null);
comment on table store.empty_folder is 'Folders with nothing in them: what deletions leave behind. One row per folder.';
comment on column store.empty_folder.path is 'Path below v2/.';
comment on column store.empty_folder.repository_id is 'Repository it lies in, if in one.';
comment on column store.empty_folder.tag is 'Tag whose folder it is, or is in.';
comment on column store.empty_folder.part_id is 'Part of the storage it was listed with.';
