-- Add the manifests that may be marked and not looked into.
insert into gc_half_marked
with named as (
    select path_digest_id as digest_id from store.revision where repository_id in (select repository_id from gc_odd)
    union
    select digest_id from store.revision where repository_id in (select repository_id from gc_odd)
    union
    select content_id from store.stray where content_id is not null and repository_id in (select repository_id from gc_odd)
    union
    select content_id from store.extra_link where content_id is not null and repository_id in (select repository_id from gc_odd)
),
nested as (
    select f.parent_id, f.child_id
    from store.manifest_ref as f
    where f.role in ('config', 'layer', 'manifest', 'index blob') and f.child_id in (select digest_id from store.revision)
)
select digest_id from named
union
select f.child_id from named as n join store.manifest_ref as f on f.parent_id = n.digest_id
union
select f.child_id
from nested as f
join gc_linked as p on p.digest_id = f.parent_id
where not exists (
    select 1 from gc_linked as c where c.repository_id = p.repository_id and c.digest_id = f.child_id
);
