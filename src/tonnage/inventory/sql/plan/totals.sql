-- What a set of deletions comes to. One row.
select
    (select count(*) from (select distinct repository_id, digest_id from gone)) as revisions_count,
    (select count(*) from (select distinct repository_id, tag from gone_tag)) as tags_count,
    (select count(distinct repository_id) from gone) as repositories_count,
    (select cast(coalesce(sum(u.size_bytes), 0) as bigint) from needed as n join store.usage as u using (blob_id)) as stored_bytes,
    (select cast(coalesce(sum(size_bytes), 0) as bigint) from freed where not is_orphaned) as freed_bytes,
    (
        select cast(coalesce(sum(u.size_bytes), 0) as bigint)
        from needed as n
        join store.usage as u using (blob_id)
        where n.blob_id not in (select blob_id from freeable)
    ) as shared_bytes,
    case when (select has_files from store.source)
        then (select cast(coalesce(sum(size_bytes), 0) as bigint) from freed where is_orphaned)
    end as orphaned_bytes,
    (select not (has_untagged and has_files) from store.source) as is_at_most,
    (
        select cast(coalesce(sum(f.size_bytes), 0) as bigint)
        from freeable as f
        join needed as n using (blob_id)
        where f.is_pinned
    ) as pinned_bytes;
