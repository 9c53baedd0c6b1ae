-- Links by which these parts can be pulled: manifests by a revision link, blobs by a layer link. One row per link and what
-- it serves.
create or replace temp table gc_pull as
with link as materialized (
    select l.repository_id, l.path_digest_id, l.digest_id
    from gc_layer_link as l
    join gc_named as n on n.repository_id = l.repository_id and n.part_id = l.path_digest_id
    where l.is_link_valid
)
select r.repository_id, r.path_digest_id as part_id, r.digest_id as blob_id, true as is_manifest, true as is_revision
from gc_revision as r
join gc_named as n on n.repository_id = r.repository_id and n.part_id = r.path_digest_id
join store.manifest as m on m.digest_id = r.digest_id and m.kind <> 'unreadable'
where r.is_link_valid and r.digest_id = r.path_digest_id
union all
select l.repository_id, l.path_digest_id, l.digest_id, false, false
from link as l
where l.digest_id = l.path_digest_id
union all
select l.repository_id, l.path_digest_id, l.digest_id, false, false
from link as l
join store.alias as a on a.digest_id = l.path_digest_id and a.stored_id = l.digest_id
where l.digest_id <> l.path_digest_id
union all  -- 2.x serves a manifest by a layer link too
select l.repository_id, l.path_digest_id, l.digest_id, true, false
from link as l
join gc_collector as c on c.version = 2
join store.manifest as m on m.digest_id = l.digest_id and m.kind <> 'unreadable'
where l.digest_id = l.path_digest_id;
