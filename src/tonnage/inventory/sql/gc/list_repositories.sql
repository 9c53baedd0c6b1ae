-- What the collection removes in each repository; a blob counts in each that links it. One row per repository.
with linked as (
    select repository_id, digest_id from store.layer_link
    union select repository_id, digest_id from store.revision
),
swept as (
    select l.repository_id, b.digest_id, b.size_bytes, count(*) over (partition by b.digest_id) as repositories_count
    from gc_removed_blob as x
    join store.blob as b using (digest_id)
    left join linked as l using (digest_id)
),
blobs as (
    select
        repository_id,
        count(*) as blobs_count,
        cast(sum(size_bytes) as bigint) as swept_bytes,
        cast(coalesce(sum(size_bytes) filter (where repositories_count = 1), 0) as bigint) as only_here_bytes
    from swept
    group by repository_id
),
revisions as (select repository_id, count(distinct digest_id) as n from gc_removed_revision group by repository_id),
history as (select repository_id, count(*) as n from gc_removed_history group by repository_id),
links as (select repository_id, count(distinct digest_id) as n from gc_removed_layer_link group by repository_id),
broken as (select repository_id, count(*) filter (where pullable_count > 0) as n from gc_broken group by repository_id)
select
    coalesce(p.repository, '(linked nowhere)') as repository,
    coalesce(b.blobs_count, 0) as blobs_count,
    coalesce(b.swept_bytes, 0) as swept_bytes,
    coalesce(b.only_here_bytes, 0) as only_here_bytes,
    coalesce(r.n, 0) as revisions_count,
    coalesce(l.n, 0) as layer_links_count,
    coalesce(h.n, 0) as history_count,
    coalesce(k.n, 0) as broken_count
from (select repository_id, repository from store.repository union all select null, null) as p
left join blobs as b on b.repository_id is not distinct from p.repository_id
left join revisions as r on r.repository_id = p.repository_id
left join history as h on h.repository_id = p.repository_id
left join links as l on l.repository_id = p.repository_id
left join broken as k on k.repository_id = p.repository_id
where coalesce(b.blobs_count, r.n, l.n, h.n, k.n) is not null
order by swept_bytes desc, repository;
