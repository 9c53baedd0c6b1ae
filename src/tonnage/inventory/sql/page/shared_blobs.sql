-- The largest blobs that lie in some places of the map, with who holds them. One row per blob.
with shown as (
    select k.blob_id, d.digest
    from memory.kept.place as k
    join store.digest as d on d.digest_id = k.blob_id
    where k.place_id in (select unnest($places))
    order by k.size_bytes desc, d.digest
    limit 200
),
step as (
    select
        f.child_id as blob_id,
        arg_min(h.created_by, (h.created_at is null, h.created_at, g.digest, h.position)) as created_by
    from store.manifest_ref as f
    join store.manifest as m on m.digest_id = f.parent_id
    join store.history as h on h.config_id = m.config_id and h.layer_position = f.position
    join store.digest as g on g.digest_id = m.config_id
    where f.role = 'layer' and f.child_id in (select blob_id from shown)
    group by f.child_id
)
select s.digest, u.size_bytes, t.created_by, u.tags_count, u.repositories_count, u.role
from shown as s
join store.usage as u on u.blob_id = s.blob_id
left join step as t on t.blob_id = s.blob_id
order by u.size_bytes desc, s.digest;
