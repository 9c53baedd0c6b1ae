-- Layouts without an index.
insert into store.problem
select 'missing_index', p.repository || '/index.json', p.repository, null, null, null
from store.repository as p
where not exists (
    select 1 from store.layout_file as f where f.repository_id = p.repository_id and f.digest_id is null and f.path like '%index.json'
)
    and not exists (select 1 from store.problem as x where x.repository = p.repository and x.path like '%index.json');
