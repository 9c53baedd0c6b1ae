-- Bytes the repository would take if nothing were shared. One row per repository.
-- type: gauge
select repository, logical_bytes as value
from repository_usage
order by repository;
