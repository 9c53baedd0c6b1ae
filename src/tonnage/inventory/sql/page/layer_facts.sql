-- What is known of a blob. One row.
with found as (
    select d.digest_id, d.digest, b.modified_at
    from store.digest as d
    join store.blob as b on b.digest_id = d.digest_id
    where d.digest = $digest
    order by d.copy
    limit 1
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
left join store.layer_step as p on p.blob_id = d.digest_id
left join store.history as s on s.config_id = p.config_id and s.position = p.position
cross join (
    select min(f.media_type) as media_type
    from store.manifest_ref as f
    join found as d on d.digest_id = f.child_id
    where f.role <> 'subject'
) as t;
