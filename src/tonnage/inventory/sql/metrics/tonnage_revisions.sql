-- Revisions of the repository. One row per repository.
-- type: gauge
select repository, revisions_count as value
from repository_usage
order by repository;
