-- What this scan found, added to the scans before it; its totals by class are there already.
insert into store.scan
select
    $scan_id, $started_at, $finished_at, $location, $tonnage_version, $schema_version, $is_full, $is_searched,
    case when s.has_files then cast(coalesce(c.files_count, 0) as bigint) end,
    case when s.has_files then cast(coalesce(c.size_bytes, 0) as bigint) end,
    $read_count,
    (select count(*) from store.problem join store.problem_kind using (kind) where severity <> 'note')
from store.source as s
cross join (
    select sum(files_count) as files_count, sum(size_bytes) as size_bytes from store.scan_class where scan_id = $scan_id
) as c;
