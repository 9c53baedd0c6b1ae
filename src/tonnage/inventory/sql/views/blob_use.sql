-- Since when nothing that needs a blob was used. One row per blob that some revision needs.
create or replace view blob_use as
with root as (
    -- What is known of each manifest in all its repositories: of what is linked in hundreds of them that is one row.
    select
        s.digest_id,
        count(*) as revisions_count,
        count(e.unused_since_at) as known_count,
        max(e.unused_since_at) as unused_since_at
    from store.revision_state as s
    left join store.last_use as e on e.repository_id = s.repository_id and e.digest_id = s.digest_id
    group by s.digest_id
),
needed as (
    select
        r.blob_id,
        case when sum(o.revisions_count) = sum(o.known_count) then max(o.unused_since_at) end as unused_since_at
    from store.reach as r
    join root as o on o.digest_id = r.root_id
    group by r.blob_id
)
select d.digest, u.size_bytes, n.unused_since_at
from needed as n
join store.usage as u on u.blob_id = n.blob_id
join store.digest as d on d.digest_id = n.blob_id;
comment on view blob_use is 'Since when nothing that needs a blob was used. One row per blob that some revision needs.';
comment on column blob_use.digest is 'Digest of the blob.';
comment on column blob_use.size_bytes is 'Stored size in bytes.';
comment on column blob_use.unused_since_at is 'Since when surely no revision that needs it was used, UTC; null where one of them may have been.';
