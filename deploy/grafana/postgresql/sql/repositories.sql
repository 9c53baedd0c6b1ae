-- The hundred that alone need the most. Exclusive: freed if all of the repository goes. tonnage repositories, tonnage what-if REPOSITORY
select
    repository,
    exclusive_bytes,
    shared_bytes,
    stored_bytes,
    tags_count,
    untagged_count,
    pushed_at
from "$schema".repository_usage
order by exclusive_bytes desc, repository
limit 100
