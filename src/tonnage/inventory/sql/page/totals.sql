-- How many of everything there is. One row.
select
    (select count(*) from store.repository) as repositories_count,
    (
        select count(distinct case when strpos(repository, '/') > 0 then split_part(repository, '/', 1) else repository end)
        from store.repository
    ) as namespaces_count,
    (select count(*) from store.tag) as tags_count,
    (select count(*) from store.revision_state where state = 'untagged') as untagged_count,
    (select count(*) from store.usage where class = 'orphaned' and not is_pinned) as orphaned_count,
    (select cast(coalesce(sum(files_count), 0) as bigint) from store.upload) as upload_files_count;
