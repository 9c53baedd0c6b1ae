-- Stored bytes of the blobs the repository needs, each counted once; blobs that several repositories need count in each. One row per repository.
-- type: gauge
select repository, stored_bytes as value
from repository_usage
order by repository;
