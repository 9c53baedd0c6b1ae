-- What images of these platforms need, and what of it nothing else does. One row per blob.
create or replace temp table platform_set as
with dropped as (
    select digest_id from store.platform_image where list_contains($platforms, platform)
)
select
    n.blob_id,
    u.size_bytes,
    not exists (
        select 1
        from store.manifest_blob as o
        where o.blob_id = n.blob_id and o.digest_id not in (select digest_id from dropped)
    ) as is_freed
from (select distinct blob_id from store.manifest_blob where digest_id in (select digest_id from dropped)) as n
join store.usage as u on u.blob_id = n.blob_id;
