-- What this scan found, by repository.
insert into store.scan_repository
select $scan_id, repository, tags_count, revisions_count, stored_bytes, exclusive_bytes, logical_bytes
from repository_usage
order by repository;
