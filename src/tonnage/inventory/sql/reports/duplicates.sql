-- Content stored more than once: the same bytes under several digests, compressed differently. One row per uncompressed content.
-- copies_count: blobs with this content
-- wasted_bytes: stored bytes of all of them but the smallest
-- stored_bytes: stored bytes of all of them
-- digests: digests of these blobs, the smallest blob first
-- Example: tonnage duplicates --csv
with layer_row as (
    -- Each once, however many manifests share a configuration: who joins it with all of them first has the product.
    select distinct m.config_digest, f.position, f.stored_as as digest, f.stored_bytes
    from manifest_ref as f
    join manifest as m on m.digest = f.parent
    where f.role = 'layer' and f.stored_bytes is not null
),
stored as (
    select distinct i.diff_id, l.digest, l.stored_bytes
    from diff_id as i
    join layer_row as l on l.config_digest = i.config_digest and l.position = i.position
)
select
    diff_id,
    count(*) as copies_count,
    cast(sum(stored_bytes) - min(stored_bytes) as bigint) as wasted_bytes,
    cast(sum(stored_bytes) as bigint) as stored_bytes,
    string_agg(digest, ' ' order by stored_bytes, digest) as digests
from stored
group by diff_id
having count(*) > 1
order by wasted_bytes desc, diff_id;
