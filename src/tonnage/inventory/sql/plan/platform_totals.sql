-- What dropping these platforms everywhere comes to. One row.
with dropped as (
    select digest_id from store.platform_image where list_contains($platforms, platform)
),
listing as (
    select distinct f.parent_id
    from store.manifest_ref as f
    where f.role = 'manifest' and f.child_id in (select digest_id from dropped)
)
select
    (select count(distinct digest_id) from store.manifest_blob where digest_id in (select digest_id from dropped)) as images_count,
    (select count(*) from listing where parent_id in (select digest_id from store.manifest_blob)) as indexes_count,
    (
        select count(distinct s.repository_id)
        from store.revision_state as s
        where s.digest_id in (select digest_id from dropped) or s.digest_id in (select parent_id from listing)
    ) as repositories_count,
    cast(coalesce(sum(size_bytes), 0) as bigint) as stored_bytes,
    cast(coalesce(sum(size_bytes) filter (where is_freed), 0) as bigint) as freed_bytes,
    cast(coalesce(sum(size_bytes) filter (where not is_freed), 0) as bigint) as shared_bytes
from platform_set;
