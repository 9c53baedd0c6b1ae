-- Work out what each revision needs, and what deleting it, and nothing else, frees: once for all reports.
insert into store.deletion
with goes as (
    select repository_id, digest_id, count(*) as goes_count from store.goes_with group by repository_id, digest_id
),
pinned as (
    select blob_id, count(*) as pins_count from store.pin group by blob_id
),
unpinned as (
    -- A manifest that cannot be read needs nothing once it is deleted.
    select p.blob_id, g.repository_id, g.digest_id, count(*) as pins_count
    from store.pin as p
    join store.goes_with as g on g.repository_id = p.repository_id and g.goes_id = p.revision_id
    group by p.blob_id, g.repository_id, g.digest_id
),
needed as (
    select u.blob_id, u.size_bytes, u.revisions_count, coalesce(n.pins_count, 0) as pins_count
    from store.usage as u
    left join pinned as n on n.blob_id = u.blob_id
    where u.revisions_count > 0
),
alone as (
    -- The larger part by far: blobs that one revision needs.
    select r.root_id, sum(n.size_bytes) as size_bytes
    from store.reach as r
    join needed as n on n.blob_id = r.blob_id
    where n.revisions_count = 1 and n.pins_count = 0
    group by r.root_id
),
shared as (
    -- Blobs that several need, which all go.
    select c.repository_id, c.digest_id, sum(c.size_bytes) as size_bytes
    from (
        select w.repository_id, w.digest_id, n.blob_id, n.size_bytes, n.revisions_count, n.pins_count
        from goes as g
        join store.goes_with as w on w.repository_id = g.repository_id and w.digest_id = g.digest_id
        join store.reach as r on r.root_id = w.goes_id
        join needed as n on n.blob_id = r.blob_id
        where n.revisions_count <= g.goes_count and (n.revisions_count > 1 or n.pins_count > 0)
        group by w.repository_id, w.digest_id, n.blob_id, n.size_bytes, n.revisions_count, n.pins_count
        having count(*) = n.revisions_count
    ) as c
    left join unpinned as o
        on o.repository_id = c.repository_id and o.digest_id = c.digest_id and o.blob_id = c.blob_id
    where c.pins_count = coalesce(o.pins_count, 0)
    group by c.repository_id, c.digest_id
),
freed as (
    select w.repository_id, w.digest_id, sum(a.size_bytes) as size_bytes
    from store.goes_with as w
    join alone as a on a.root_id = w.goes_id
    group by w.repository_id, w.digest_id
),
reached as (
    select
        r.root_id,
        cast(sum(u.size_bytes) as bigint) as stored_bytes,
        cast(coalesce(sum(u.size_bytes) filter (where u.revisions_count = 1), 0) as bigint) as exclusive_bytes,
        cast(coalesce(sum(u.size_bytes) filter (where u.tags_count = 1), 0) as bigint) as tag_exclusive_bytes
    from store.reach as r
    join store.usage as u on u.blob_id = r.blob_id
    group by r.root_id
),
held as (
    select distinct repository_id, digest_id from store.hold
)
select
    s.repository_id,
    s.digest_id,
    coalesce(g.goes_count, 0) as goes_count,
    cast(coalesce(f.size_bytes, 0) + coalesce(h.size_bytes, 0) as bigint) as frees_alone_bytes,
    k.digest_id is not null as is_held,
    x.stored_bytes,
    x.exclusive_bytes,
    x.tag_exclusive_bytes
from store.revision_state as s
left join goes as g on g.repository_id = s.repository_id and g.digest_id = s.digest_id
left join freed as f on f.repository_id = s.repository_id and f.digest_id = s.digest_id
left join shared as h on h.repository_id = s.repository_id and h.digest_id = s.digest_id
left join held as k on k.repository_id = s.repository_id and k.digest_id = s.digest_id
left join reached as x on x.root_id = s.digest_id
order by s.repository_id, s.digest_id;
