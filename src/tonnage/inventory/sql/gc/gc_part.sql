-- What could be pulled before the collection of each image that loses something, and cannot be after it: manifests by a
-- revision link, down through the indexes that could be pulled, and their blobs by a layer link. One row per image and
-- part.
create or replace temp table gc_part as
with recursive root as (
    select distinct repository_id, root_id from gc_loss
),
served as materialized (
    select distinct k.repository_id, k.part_id, k.is_manifest
    from gc_pull as k
    join store.blob as b on b.digest_id = k.blob_id
),
kept as (
    select k.repository_id, k.part_id, k.is_manifest
    from gc_pull as k
    join gc_stays as b on b.digest_id = k.blob_id
    left join gc_removed_revision as v
        on v.repository_id = k.repository_id and v.digest_id = k.part_id and k.is_revision
    left join gc_removed_layer_link as x
        on x.repository_id = k.repository_id and x.digest_id = k.part_id and not k.is_revision
    where v.digest_id is null and x.digest_id is null
),
lost as materialized (
    select s.repository_id, s.part_id, s.is_manifest
    from served as s
    where not exists (
        select 1
        from kept as k
        where k.repository_id = s.repository_id and k.part_id = s.part_id and k.is_manifest = s.is_manifest
    )
),
named as materialized (  -- by digest alone first: joined by repository first, all its manifests meet all its blobs
    select s.repository_id, f.parent_id, f.child_id, f.role = 'manifest' as is_manifest
    from served as s
    join store.manifest_ref as f on f.parent_id = s.part_id and f.role <> 'subject'
    where s.is_manifest and (f.role = 'manifest' or f.child_id in (select part_id from lost))
),
manifest as (
    select o.repository_id, o.root_id, o.root_id as part_id
    from root as o
    join served as s on s.repository_id = o.repository_id and s.part_id = o.root_id and s.is_manifest
    union
    select m.repository_id, m.root_id, l.child_id
    from manifest as m
    join (
        select n.repository_id, n.parent_id, n.child_id
        from named as n
        join served as s on s.repository_id = n.repository_id and s.part_id = n.child_id and s.is_manifest
        where n.is_manifest
    ) as l on l.repository_id = m.repository_id and l.parent_id = m.part_id
)
select m.repository_id, m.root_id, m.part_id, true as is_manifest
from manifest as m
join lost as l on l.repository_id = m.repository_id and l.part_id = m.part_id and l.is_manifest
union
select m.repository_id, m.root_id, n.child_id, false
from named as n
join lost as l on l.repository_id = n.repository_id and l.part_id = n.child_id and not l.is_manifest
join manifest as m on m.repository_id = n.repository_id and m.part_id = n.parent_id
where not n.is_manifest;
