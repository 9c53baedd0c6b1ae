-- Images that lose something, and all that they and what they list may be made of. One row per repository and part.
create or replace temp table gc_named as
with recursive named as (
    select distinct repository_id, root_id as part_id from gc_lost
    union
    select n.repository_id, f.child_id
    from named as n
    join store.manifest_ref as f on f.parent_id = n.part_id and f.role <> 'subject'
)
select repository_id, part_id from named;
