-- What this scan found, added to the scans before it.
insert into store.scan
select
    $scan_id, $started_at, $finished_at, $location, $tonnage_version, $schema_version, $is_full, $is_searched,
    case when (select has_files from source) then (select cast(coalesce(sum(files_count), 0) as bigint) from class_total) end,
    case when (select has_files from source) then (select cast(coalesce(sum(size_bytes), 0) as bigint) from class_total) end,
    $read_count,
    (select count(*) from problem where severity <> 'note');
