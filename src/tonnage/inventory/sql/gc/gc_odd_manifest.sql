-- Linked manifests that a collector stops on, or that refer to what is not a digest. One row per manifest.
create or replace temp table gc_odd_manifest as
with odd as (
    select digest_id from gc_linked where digest_id not in (select digest_id from store.manifest)
    union
    select m.digest_id
    from store.manifest as m
    where m.kind = 'image'
        and m.digest_id not in (select parent_id from store.manifest_ref where role = 'config')
        and m.digest_id in (select digest_id from gc_linked)
    union
    select f.parent_id
    from store.manifest_ref as f
    join gc_odd_digest as o on o.digest_id = f.child_id
    where f.role <> 'subject' and f.role <> 'artifact blob'
)
select digest_id, true as is_odd_2, true as is_odd_3 from odd
union all
select m.digest_id, m.refused_by_2 is not null, m.refused_by_3 is not null
from store.manifest as m
where m.refused_by_2 is not null or m.refused_by_3 is not null;
