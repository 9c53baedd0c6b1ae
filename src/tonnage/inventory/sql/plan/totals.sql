-- What a set of deletions comes to. One row.
-- Joined and not asked one by one in brackets: a dozen of those take the database longer to plan than all else to add up.
select
    r.revisions_count,
    t.tags_count,
    r.repositories_count,
    n.stored_bytes,
    f.freed_bytes,
    n.shared_bytes,
    case when s.has_files then f.orphaned_bytes end as orphaned_bytes,
    not (s.has_untagged and s.has_files) as is_at_most,
    n.pinned_bytes
from (
    select count(*) as revisions_count, count(distinct repository_id) as repositories_count
    from (select distinct repository_id, digest_id from gone)
) as r
cross join (select count(*) as tags_count from (select distinct repository_id, tag from gone_tag)) as t
cross join (
    select
        cast(coalesce(sum(u.size_bytes), 0) as bigint) as stored_bytes,
        cast(coalesce(sum(u.size_bytes) filter (where e.blob_id is null), 0) as bigint) as shared_bytes,
        cast(coalesce(sum(e.size_bytes) filter (where e.is_pinned), 0) as bigint) as pinned_bytes
    from needed as n
    join store.usage as u on u.blob_id = n.blob_id
    left join freeable as e on e.blob_id = n.blob_id
) as n
cross join (
    select
        cast(coalesce(sum(size_bytes) filter (where not is_orphaned), 0) as bigint) as freed_bytes,
        cast(coalesce(sum(size_bytes) filter (where is_orphaned), 0) as bigint) as orphaned_bytes
    from freed
) as f
cross join store.source as s;
