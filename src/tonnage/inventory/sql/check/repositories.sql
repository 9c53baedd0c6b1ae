-- What repositories need, shared or not. One row per repository.
select repository, stored_bytes
from repository_usage
where repository like $repository escape '!'
order by stored_bytes desc, repository;
