-- Folders with nothing in them: what deletions leave behind. One row per folder.
create or replace view empty_folder as
select
    t.path,
    p.repository
from store.empty_folder as t
left join store.repository as p on p.repository_id = t.repository_id;
comment on view empty_folder is 'Folders with nothing in them: what deletions leave behind. One row per folder.';
comment on column empty_folder.path is 'Path below v2/.';
comment on column empty_folder.repository is 'Repository.';
