-- Add what tagged revisions lead to, through each other; what is half marked leads nowhere.
insert into gc_below
with recursive nested as materialized (
    select f.parent_id, f.child_id
    from store.manifest_ref as f
    where f.role <> 'subject'
        and f.role <> 'artifact blob'
        and f.child_id in (select digest_id from store.revision)
        and f.child_id not in (select digest_id from gc_half_marked)
),
below as (
    select n.child_id as digest_id, p.rank
    from nested as n
    join gc_linked as r on r.digest_id = n.parent_id and r.is_tagged
    join gc_plain as p using (repository_id)
    union
    select n.child_id, b.rank from below as b join nested as n on n.parent_id = b.digest_id
)
select digest_id, rank from below;
