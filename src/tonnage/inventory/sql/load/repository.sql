-- A repository is a folder that holds one of the registry's own folders; a mere parent of others is none.
insert into store.repository
select
    cast(row_number() over (order by repository) - 1 as integer),
    repository,
    case when (select has_files from store.source) then bool_or(folder = '_layers') end,
    case when (select has_files from store.source) then bool_or(folder = '_manifests') end,
    case when (select has_files from store.source) then bool_or(folder = '_manifests/revisions') end,
    case when (select has_files from store.source) then bool_or(folder = '_manifests/tags') end,
    case when (select has_files from store.source) then bool_or(folder = '_uploads') end
from staged_folder
group by repository;
