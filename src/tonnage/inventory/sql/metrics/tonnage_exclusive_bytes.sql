-- Stored bytes that no other repository needs: what would be freed if all of this one went. One row per repository.
-- type: gauge
select repository, exclusive_bytes as value
from repository_usage
order by repository;
