-- What is known of a blob. One row.
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
    b.modified_at,
    (
        select h.created_by
        from store.manifest_ref as f
        join store.manifest as m on m.digest_id = f.parent_id
        join store.history as h on h.config_id = m.config_id and h.layer_position = f.position
        join store.digest as g on g.digest_id = m.config_id
        where f.role = 'layer'
            and f.child_id in (select d.digest_id union select a.digest_id from store.alias as a where a.stored_id = d.digest_id)
        order by h.created_at nulls last, g.digest, h.position
        limit 1
    ) as created_by,
    (select min(media_type) from store.manifest_ref where child_id = d.digest_id and role <> 'subject') as media_type
from store.digest as d
join store.usage as u on u.blob_id = d.digest_id
join store.blob as b on b.digest_id = d.digest_id
where d.digest = $digest
order by d.copy
limit 1;
