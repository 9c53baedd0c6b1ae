-- Images that lose something, the manifests below them, and of what else these name that of which something is removed: all
-- else stays as it is. One row per repository and part.
create or replace temp table gc_named as
with recursive manifest as (
    select distinct repository_id, root_id as part_id from gc_loss
    union
    select m.repository_id, f.child_id
    from manifest as m
    join store.manifest_ref as f on f.parent_id = m.part_id and f.role = 'manifest'
),
taken as materialized (
    select digest_id from gc_removed_blob
    union
    select a.digest_id from store.alias as a join gc_removed_blob as x on x.digest_id = a.stored_id
    union
    select digest_id from gc_removed_revision
    union
    select digest_id from gc_removed_layer_link
),
part as materialized (
    select f.parent_id, f.child_id
    from store.manifest_ref as f
    where f.role <> 'subject' and f.role <> 'manifest' and f.child_id in (select digest_id from taken)
)
select repository_id, part_id from manifest
union
select m.repository_id, p.child_id from manifest as m join part as p on p.parent_id = m.part_id;
