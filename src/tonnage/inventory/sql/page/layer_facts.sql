-- What is known of a blob. One row.
with found as (
    select d.digest_id, d.digest, b.modified_at
    from store.digest as d
    join store.blob as b on b.digest_id = d.digest_id
    where d.digest = $digest
    order by d.copy
    limit 1
),
named as (
    select digest_id from found
    union
    select a.digest_id from store.alias as a join found as d on d.digest_id = a.stored_id
),
part as (
    select f.parent_id, f.position, f.role, f.media_type, f.child_id
    from store.manifest_ref as f
    join named as n on n.digest_id = f.child_id
),
step as (
    select arg_min(h.created_by, (h.created_at is null, h.created_at, g.digest, h.position)) as created_by
    from part as f
    join store.manifest as m on m.digest_id = f.parent_id
    join store.history as h on h.config_id = m.config_id and h.layer_position = f.position
    join store.digest as g on g.digest_id = m.config_id
    where f.role = 'layer'
)
select
    d.digest_id as blob_id,
    d.digest,
    u.size_bytes,
    u.role,
    u.class,
    u.is_pinned,
    u.references_count,
    u.revisions_count,
    u.tags_count,
    u.repositories_count,
    d.modified_at,
    s.created_by,
    t.media_type
from found as d
join store.usage as u on u.blob_id = d.digest_id
cross join step as s
cross join (
    select min(f.media_type) as media_type from part as f join found as d on d.digest_id = f.child_id where f.role <> 'subject'
) as t;
