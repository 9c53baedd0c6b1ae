-- The hundred largest that at most so many revisions name as is chosen above. tonnage layers, tonnage why DIGEST
select
    digest,
    size_bytes,
    references_count,
    class,
    repositories_count,
    created_by
from "$schema".layer
where references_count <= $references
order by size_bytes desc, references_count, digest
limit 100
