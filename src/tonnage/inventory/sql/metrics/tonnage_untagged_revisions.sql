-- Revisions of the repository that no tag leads to. One row per repository.
-- type: gauge
select repository, untagged_count as value
from repository_usage
order by repository;
