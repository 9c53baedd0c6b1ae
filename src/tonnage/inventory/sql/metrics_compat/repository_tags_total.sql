-- Number of tags in the repository. One row per repository.
-- type: gauge
select r.repository, u.tags_count as value
from repository as r
join repository_usage as u on u.repository = r.repository
where r.has_manifests
order by r.repository;
