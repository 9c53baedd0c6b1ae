-- Layers of a manifest in its order, the base first, with what made them and whether they go with the deletions. One row per layer.
select
    f.position,
    c.digest,
    coalesce(b.size_bytes, f.size_bytes) as size_bytes,
    h.created_by,
    coalesce(u.tags_count, 0) as tags_count,
    coalesce(u.repositories_count, 0) as repositories_count,
    coalesce(b.digest_id in (select blob_id from freed), false) as is_freed,
    b.digest_id is not null as is_stored
from store.manifest_ref as f
join store.digest as c on c.digest_id = f.child_id
left join (
    select x.digest_id, arg_min(x.stored_id, d.digest) as stored_id
    from store.alias as x
    join store.digest as d on d.digest_id = x.stored_id
    group by x.digest_id
) as a on a.digest_id = f.child_id
left join store.blob as b on b.digest_id = coalesce(a.stored_id, f.child_id)
left join store.usage as u on u.blob_id = b.digest_id
left join store.manifest as m on m.digest_id = f.parent_id
left join store.history as h on h.config_id = m.config_id and h.layer_position = f.position
where f.parent_id = $digest_id and f.role in ('layer', 'artifact blob')
order by f.position;
