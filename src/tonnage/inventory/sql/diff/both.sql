-- Blobs that both registries store, the largest first. One row per blob.
with needed as (
    select digest, count(distinct repository) as repositories_count from old_inventory.holder group by digest
),
needed_too as (
    select digest, count(distinct repository) as repositories_count from new_inventory.holder group by digest
)
select
    o.digest,
    o.size_bytes,
    o.role,
    coalesce(a.repositories_count, 0) as repositories_count,
    coalesce(b.repositories_count, 0) as other_repositories_count
from old_inventory.blob as o
join new_inventory.blob as n on n.digest = o.digest
left join needed as a on a.digest = o.digest
left join needed_too as b on b.digest = o.digest
order by o.size_bytes desc, o.digest;
