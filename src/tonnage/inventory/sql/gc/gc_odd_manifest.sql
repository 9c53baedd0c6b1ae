-- Linked manifests that a collector stops on, or that refer to what is not a digest. One row per manifest.
create or replace temp table gc_odd_manifest as
with linked as (
    select distinct r.digest_id from gc_revision as r join store.blob as b using (digest_id)
),
reference as (
    select parent_id, child_id, role from store.manifest_ref where role in ('config', 'layer', 'manifest', 'index blob')
),
odd as (
    select l.digest_id
    from linked as l
    left join store.manifest as m using (digest_id)
    where m.digest_id is null
        or m.kind = 'image' and l.digest_id not in (select parent_id from reference where role = 'config')
    union
    select f.parent_id from reference as f join gc_odd_digest as o on o.digest_id = f.child_id
)
select digest_id, true as is_odd_2, true as is_odd_3 from odd
union all
select m.digest_id, m.refused_by_2 is not null, m.refused_by_3 is not null
from store.manifest as m
where m.refused_by_2 is not null or m.refused_by_3 is not null;
