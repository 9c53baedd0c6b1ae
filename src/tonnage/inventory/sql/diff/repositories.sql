-- Who grew between two inventories, and by which layers. One row per repository that changed.
with changed as (
    select
        coalesce(n.repository, o.repository) as repository,
        coalesce(o.stored_bytes, 0) as old_bytes,
        coalesce(n.stored_bytes, 0) as new_bytes
    from new_inventory.repository_usage as n
    full join old_inventory.repository_usage as o on o.repository = n.repository
),
held_before as (
    select distinct h.repository, h.digest from old_inventory.holder as h
),
arrived as (
    select distinct h.repository, h.digest, l.size_bytes, l.created_by
    from new_inventory.holder as h
    join new_inventory.layer as l on l.digest = h.digest
    where not exists (
        select 1 from held_before as b where b.repository = h.repository and b.digest = h.digest
    )
),
ranked as (
    select
        a.*,
        count(*) over (partition by a.repository) as layers_count,
        row_number() over (partition by a.repository order by a.size_bytes desc, a.digest) as number
    from arrived as a
)
select
    c.repository,
    c.new_bytes - c.old_bytes as grown_bytes,
    c.new_bytes as stored_bytes,
    coalesce(r.layers_count, 0) as new_layers_count,
    r.size_bytes as largest_bytes,
    r.digest as largest_layer,
    r.created_by
from changed as c
left join ranked as r on r.repository = c.repository and r.number = 1
where c.new_bytes <> c.old_bytes or r.repository is not null
order by c.new_bytes - c.old_bytes desc, c.repository;
