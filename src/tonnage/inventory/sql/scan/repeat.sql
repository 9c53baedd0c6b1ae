-- What this scan found, where that is what the one before it found.
insert into store.scan
select
    $scan_id, $started_at, $finished_at, $location, $tonnage_version, $schema_version, $is_full, $is_searched,
    files_count, size_bytes, $read_count, problems_count
from store.scan
where scan_id = $scan_id - 1;
