-- Let go of manifests that have changed, or that nothing names any more.
create or replace temp table left_over as
with recursive named as (
    select digest_id from named_manifests
    union
    select f.child_id
    from named as n
    join store.manifest_ref as f on f.parent_id = n.digest_id and f.role = 'manifest'
    join settled as s on s.digest_id = f.parent_id and s.is_manifest
)
select digest_id
from store.manifest
where digest_id not in (select digest_id from settled where is_manifest)
    or digest_id not in (select digest_id from named);
delete from store.manifest_ref where parent_id in (select digest_id from left_over);
delete from store.annotation where digest_id in (select digest_id from left_over);
delete from store.manifest where digest_id in (select digest_id from left_over);
