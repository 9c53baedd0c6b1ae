-- What could be pulled before the collection of each image that loses something, and whether it still can be after it:
-- manifests by a revision link, down through the indexes that could be pulled, and their blobs by a layer link. One row
-- per image and part.
create or replace temp table gc_part as
with recursive root as (
    select distinct repository_id, root_id from gc_lost
),
link as (
    select r.repository_id, r.path_digest_id as part_id, r.digest_id as blob_id, true as is_manifest, true as is_revision
    from gc_revision as r
    join store.manifest as m on m.digest_id = r.digest_id and m.kind <> 'unreadable'
    where r.is_link_valid and r.digest_id = r.path_digest_id
    union
    select l.repository_id, l.path_digest_id, l.digest_id, false, false
    from gc_layer_link as l
    where l.is_link_valid
        and (
            l.digest_id = l.path_digest_id
            or exists (select 1 from store.alias as a where a.digest_id = l.path_digest_id and a.stored_id = l.digest_id)
        )
    union  -- 2.x serves a manifest by a layer link too
    select l.repository_id, l.path_digest_id, l.digest_id, true, false
    from gc_layer_link as l
    join gc_collector as c on c.version = 2
    join store.manifest as m on m.digest_id = l.digest_id and m.kind <> 'unreadable'
    where l.is_link_valid and l.digest_id = l.path_digest_id
),
served as (
    select distinct k.repository_id, k.part_id, k.is_manifest
    from link as k
    join store.blob as b on b.digest_id = k.blob_id
    where k.repository_id in (select repository_id from root)
),
manifest as (
    select o.repository_id, o.root_id, o.root_id as part_id
    from root as o
    join served as s on s.repository_id = o.repository_id and s.part_id = o.root_id and s.is_manifest
    union
    select m.repository_id, m.root_id, f.child_id
    from manifest as m
    join store.manifest_ref as f on f.parent_id = m.part_id and f.role = 'manifest'
    join served as s on s.repository_id = m.repository_id and s.part_id = f.child_id and s.is_manifest
),
part as (
    select repository_id, root_id, part_id, true as is_manifest from manifest
    union
    select m.repository_id, m.root_id, f.child_id, false
    from manifest as m
    join store.manifest_ref as f on f.parent_id = m.part_id and f.role not in ('manifest', 'subject')
    join served as s on s.repository_id = m.repository_id and s.part_id = f.child_id and not s.is_manifest
)
select
    p.repository_id,
    p.root_id,
    p.part_id,
    exists (
        select 1
        from link as k
        join gc_stays as b on b.digest_id = k.blob_id
        where k.repository_id = p.repository_id
            and k.part_id = p.part_id
            and k.is_manifest = p.is_manifest
            and not exists (
                select 1
                from gc_removed_revision as x
                where k.is_revision and x.repository_id = k.repository_id and x.digest_id = k.part_id
            )
            and not exists (
                select 1
                from gc_removed_layer_link as x
                where not k.is_revision and x.repository_id = k.repository_id and x.digest_id = k.part_id
            )
    ) as stays
from part as p;
