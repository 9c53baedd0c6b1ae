-- What manifests refer to, subjects left out. One row per manifest, blob and role.
-- A layer known by another digest (sha512) is named by the stored one too.
create or replace temp table edge as
with recursive leads as (
    select digest_id, stored_id from store.alias
    union
    select l.digest_id, a.stored_id from leads as l join store.alias as a on a.digest_id = l.stored_id
)
select parent_id, child_id, role from store.manifest_ref where role <> 'subject'
union
select f.parent_id, l.stored_id, f.role
from store.manifest_ref as f
join leads as l on l.digest_id = f.child_id
where f.role <> 'subject';
