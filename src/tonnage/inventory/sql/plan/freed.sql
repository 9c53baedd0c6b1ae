-- Blobs that nothing needs any more once what is gone is gone, and that no unreadable manifest may need. One row per blob.
create or replace temp table freed as
with holders as (
    select r.blob_id, count(*) as gone_count
    from (select distinct repository_id, digest_id from gone) as g
    join store.reach as r on r.root_id = g.digest_id
    group by r.blob_id
),
pinning as (
    select distinct l.digest_id as blob_id
    from store.layer_link as l
    join store.revision_state as s on s.repository_id = l.repository_id
    join store.manifest as m on m.digest_id = s.digest_id and m.kind = 'unreadable'
    where not exists (
        select 1 from gone as g where g.repository_id = s.repository_id and g.digest_id = s.digest_id
    )
    union
    select blob_id from store.unlisted_blob
)
select u.blob_id, u.size_bytes, u.class = 'orphaned' as is_orphaned
from store.usage as u
left join holders as h on h.blob_id = u.blob_id
where u.revisions_count = coalesce(h.gone_count, 0)
    and u.blob_id not in (select blob_id from pinning);
