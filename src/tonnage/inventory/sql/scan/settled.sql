-- Manifests and image configurations the earlier scan read without a problem, and that have not changed since. Blobs in
-- parts that are gone are those of the earlier scan, all others are those of now. One row per digest.
create temp table settled as
with earlier as (
    select digest_id, size_bytes, modified_at from store.blob where part_id in (select part_id from gone_part)
),
now as (
    select digest_id, max(size_bytes) as size_bytes, max(modified_at) as modified_at
    from store.blob
    where part_id not in (select part_id from gone_part)
    group by digest_id
),
faulty as (
    select d.digest_id
    from store.problem as p
    join store.digest as d on d.digest = p.digest and d.copy = 0
    where p.path like 'blobs/%' or p.path like '%/blobs/%'
)
select
    digest_id,
    digest_id in (select digest_id from store.manifest where kind <> 'unreadable') as is_manifest,
    digest_id in (select config_id from store.image) as is_config
from now
left join earlier using (digest_id)
where now.modified_at < make_timestamp($before_us)
    and (
        earlier.digest_id is null
        or now.size_bytes = earlier.size_bytes and now.modified_at is not distinct from earlier.modified_at
    )
    and (is_manifest or is_config)
    and digest_id not in (select digest_id from faulty);
