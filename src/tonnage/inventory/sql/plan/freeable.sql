-- Blobs that nothing needs any more once what is gone is gone, as far as could be read. One row per blob.
create or replace temp table freeable as
with holders as (
    select r.blob_id, count(*) as gone_count
    from (select distinct repository_id, digest_id from gone) as g
    join store.reach as r on r.root_id = g.digest_id
    group by r.blob_id
),
pinned as (
    select distinct p.blob_id
    from store.pin as p
    where p.revision_id is null
        or not exists (
            select 1 from gone as g where g.repository_id = p.repository_id and g.digest_id = p.revision_id
        )
)
select
    u.blob_id,
    u.size_bytes,
    u.class = 'orphaned' and not u.is_pinned as is_orphaned,
    u.blob_id in (select blob_id from pinned) as is_pinned
from store.usage as u
left join holders as h on h.blob_id = u.blob_id
where u.revisions_count = coalesce(h.gone_count, 0);
