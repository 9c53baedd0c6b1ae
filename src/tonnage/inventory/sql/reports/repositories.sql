-- Repositories by the bytes only they need: what would be freed if all of one went. One row per repository.
-- $repository repository any: only these repositories
-- $namespace namespace any: only repositories below this first name component
-- Example: tonnage repositories --namespace shop
select
    repository,
    exclusive_bytes,
    shared_bytes,
    stored_bytes,
    tags_count,
    untagged_count,
    pushed_at,
    revisions_count,
    logical_bytes,
    used_at,
    unused_since_at
from repository_usage
where repository like $repository escape '!'
    and namespace like $namespace escape '!'
order by exclusive_bytes desc, repository;
