-- Tags of the repository, broken ones included. One row per repository.
-- type: gauge
select repository, tags_count as value
from repository_usage
order by repository;
