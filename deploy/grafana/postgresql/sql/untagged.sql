-- The hundred revisions no tag leads to that free the most if they go. tonnage untagged
select
    repository,
    digest,
    frees_alone_bytes,
    stored_bytes,
    kind,
    pushed_at
from "$schema".untagged
order by frees_alone_bytes desc, stored_bytes desc, repository, digest
limit 100
