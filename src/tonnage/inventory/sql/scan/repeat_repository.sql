-- What this scan found, by repository, where that is what the one before it found.
insert into store.scan_repository
select $scan_id, repository, tags_count, revisions_count, stored_bytes, exclusive_bytes, logical_bytes
from store.scan_repository
where scan_id = $scan_id - 1
order by repository;
