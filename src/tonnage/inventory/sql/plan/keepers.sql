-- Who keeps the shared part alive: repositories that stay and need it. One row per repository.
with shared as (
    select n.blob_id, u.size_bytes
    from needed as n
    join store.usage as u using (blob_id)
    where n.blob_id not in (select blob_id from freeable)
),
holding as (
    select s.repository_id, s.digest_id, h.blob_id, h.size_bytes
    from shared as h
    join store.reach as r on r.blob_id = h.blob_id
    join store.revision_state as s on s.digest_id = r.root_id
    where not exists (
        select 1 from gone as g where g.repository_id = s.repository_id and g.digest_id = s.digest_id
    )
),
kept as (
    select
        repository_id,
        blob_id,
        size_bytes,
        count(*) over (partition by blob_id) as keepers_count
    from (select distinct repository_id, blob_id, size_bytes from holding)
),
revisions as (
    select repository_id, count(distinct digest_id) as revisions_count from holding group by repository_id
),
tags as (
    select h.repository_id, count(distinct t.tag) as tags_count, min(t.tag) as example
    from (select distinct repository_id, digest_id from holding) as h
    join store.tag as t on t.repository_id = h.repository_id and t.digest_id = h.digest_id
    group by h.repository_id
)
select
    p.repository,
    cast(sum(k.size_bytes) as bigint) as kept_bytes,
    cast(coalesce(sum(k.size_bytes) filter (where k.keepers_count = 1), 0) as bigint) as kept_alone_bytes,
    max(v.revisions_count) as revisions_count,
    max(coalesce(t.tags_count, 0)) as tags_count,
    max(t.example) as example_tag
from kept as k
join store.repository as p on p.repository_id = k.repository_id
join revisions as v on v.repository_id = k.repository_id
left join tags as t on t.repository_id = k.repository_id
group by p.repository
order by kept_bytes desc, p.repository;
