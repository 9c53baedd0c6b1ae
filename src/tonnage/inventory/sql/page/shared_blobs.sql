-- The largest blobs that lie in some places of the map, with who holds them. One row per blob.
select d.digest, u.size_bytes, l.created_by, u.tags_count, u.repositories_count, u.role
from (
    select blob_id
    from memory.kept.place
    where place_id in (select unnest($places))
    order by size_bytes desc, blob_id
    limit 200
) as p
join store.usage as u on u.blob_id = p.blob_id
join store.digest as d on d.digest_id = p.blob_id
left join (
    select
        f.child_id as blob_id,
        arg_min(h.created_by, (h.created_at is null, h.created_at, h.config_id)) as created_by
    from store.manifest_ref as f
    join store.manifest as m on m.digest_id = f.parent_id
    join store.history as h on h.config_id = m.config_id and h.layer_position = f.position
    where f.role = 'layer'
    group by f.child_id
) as l on l.blob_id = p.blob_id
order by u.size_bytes desc, d.digest;
