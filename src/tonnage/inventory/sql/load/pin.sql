-- What may need blobs although nobody could read it: the one definition of what is pinned, for all reports and plans.
-- Only where there is: (select 1 from store.problem union all select 1 from store.manifest where kind = 'unreadable')
insert into store.pin
with index_unread as (
    -- Where a layout's index is missing or unreadable, its repository may need all that lies in it, and all of the pool.
    select distinct p.repository_id
    from store.problem as x
    join store.repository as p using (repository)
    where x.kind in ('missing_index', 'unreadable_index')
        or x.kind not in ('odd_index_entry', 'tag_listed_twice', 'bad_tag_name', 'symlink') and x.path like '%index.json'
),
folder_unread as (
    -- Where a folder of manifests could not be read, nobody knows what they need: any blob may be it.
    select count(*) > 0 as is_so
    from store.problem
    where kind in ('unreadable', 'symlink_out')
        and (
            starts_with(path, 'blobs') or starts_with(path, 'repositories')
            or (select count(*) > 0 from store.layout_file)
        )
        and not contains(path, '/_layers')
        and not contains(path, '/_uploads')
        and not contains(path, '/.uploads')
),
manifest_unread as (
    select distinct r.repository_id, r.digest_id
    from store.revision as r
    join store.manifest as m on m.digest_id = r.digest_id and m.kind = 'unreadable'
)
select l.digest_id as blob_id, m.repository_id, m.digest_id as revision_id
from manifest_unread as m
join store.layer_link as l on l.repository_id = m.repository_id
union
select f.digest_id, null, null
from store.layout_file as f
where f.digest_id is not null
    and (
        f.repository_id in (select repository_id from index_unread)
        or f.repository_id is null and (select count(*) > 0 from index_unread)
    )
union
select b.digest_id, null, null
from store.blob as b
where (select is_so from folder_unread)
order by blob_id, repository_id, revision_id;
