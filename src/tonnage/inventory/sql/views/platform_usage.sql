-- What the images of each platform need. One row per platform.
create or replace view platform_usage as
with imaged as (
    select digest_id, platform from store.platform_image
),
needed as (
    select distinct p.platform, n.blob_id
    from store.manifest_blob as n
    left join imaged as p on p.digest_id = n.digest_id
),
counted as (
    -- What has no platform, as an index, counts as a holder: it keeps what it needs.
    select blob_id, count(*) as platforms_count from needed group by blob_id
),
bytes as (
    select
        n.platform,
        cast(sum(u.size_bytes) as bigint) as stored_bytes,
        cast(coalesce(sum(u.size_bytes) filter (where c.platforms_count = 1), 0) as bigint) as exclusive_bytes
    from needed as n
    join counted as c on c.blob_id = n.blob_id
    join store.usage as u on u.blob_id = n.blob_id
    where n.platform is not null
    group by n.platform
),
images as (
    select p.platform, count(*) as images_count
    from imaged as p
    join store.usage as u on u.blob_id = p.digest_id and u.revisions_count > 0
    group by p.platform
)
select
    b.platform,
    i.images_count,
    b.exclusive_bytes,
    b.stored_bytes - b.exclusive_bytes as shared_bytes,
    b.stored_bytes
from bytes as b
join images as i on i.platform = b.platform;
comment on view platform_usage is 'What the images of each platform need. One row per platform.';
comment on column platform_usage.platform is 'Operating system, architecture and variant.';
comment on column platform_usage.images_count is 'Images of this platform that some revision needs.';
comment on column platform_usage.exclusive_bytes is 'Bytes that nothing else needs: what dropping this platform everywhere would free, with the indexes pushed again without it.';
comment on column platform_usage.shared_bytes is 'Bytes that other platforms, or what is not an image, need too.';
comment on column platform_usage.stored_bytes is 'Stored bytes of the blobs they need, each counted once.';
