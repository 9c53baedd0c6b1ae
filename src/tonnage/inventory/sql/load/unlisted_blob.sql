-- Where an index is missing or unreadable, its repository may need all that lies in it, and all of the pool.
insert into store.unlisted_blob
with unlisted as (
    select distinct p.repository_id
    from store.problem as x
    join store.repository as p using (repository)
    where x.kind in ('missing_index', 'unreadable_index')
        or x.kind not in ('odd_index_entry', 'tag_listed_twice', 'bad_tag_name', 'symlink') and x.path like '%index.json'
)
select distinct f.digest_id
from store.layout_file as f
where f.digest_id is not null
    and (
        f.repository_id in (select repository_id from unlisted)
        or f.repository_id is null and (select count(*) > 0 from unlisted)
    )
order by f.digest_id;
