-- A repository is a folder that holds one of the registry's own folders; a mere parent of others is none.
insert into store.repository
select
    cast(row_number() over (order by repository) - 1 as integer),
    repository,
    bool_or(folder = '_layers'),
    bool_or(folder = '_manifests'),
    bool_or(folder = '_manifests/revisions'),
    bool_or(folder = '_manifests/tags'),
    bool_or(folder = '_uploads')
from staged_folder
group by repository;
