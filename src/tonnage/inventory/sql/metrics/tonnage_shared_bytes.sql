-- Stored bytes that other repositories need too. One row per repository.
-- type: gauge
select repository, shared_bytes as value
from repository_usage
order by repository;
