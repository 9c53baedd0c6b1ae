-- Who else holds layers of a manifest: repositories with what stays when the deletions are made. One row per repository.
with part as (
    select f.position, coalesce(a.stored_id, f.child_id) as blob_id
    from store.manifest_ref as f
    left join (
        select x.digest_id, arg_min(x.stored_id, d.digest) as stored_id
        from store.alias as x
        join store.digest as d on d.digest_id = x.stored_id
        group by x.digest_id
    ) as a on a.digest_id = f.child_id
    where f.parent_id = $digest_id and f.role in ('layer', 'artifact blob')
),
holding as (
    select s.repository_id, s.digest_id, p.position, p.blob_id
    from part as p
    join store.reach as r on r.blob_id = p.blob_id
    join store.revision_state as s on s.digest_id = r.root_id
    where not exists (
        select 1 from gone as g where g.repository_id = s.repository_id and g.digest_id = s.digest_id
    )
),
tags as (
    select h.repository_id, count(distinct t.tag) as tags_count
    from (select distinct repository_id, digest_id from holding) as h
    join store.tag as t on t.repository_id = h.repository_id and t.digest_id = h.digest_id
    group by h.repository_id
)
select
    n.repository,
    cast(sum(u.size_bytes) as bigint) as size_bytes,
    list(h.position order by h.position) as positions,
    max(coalesce(t.tags_count, 0)) as tags_count
from (select repository_id, blob_id, min(position) as position from holding group by repository_id, blob_id) as h
join store.usage as u on u.blob_id = h.blob_id
join store.repository as n on n.repository_id = h.repository_id
left join tags as t on t.repository_id = h.repository_id
group by n.repository
order by size_bytes desc, n.repository;
