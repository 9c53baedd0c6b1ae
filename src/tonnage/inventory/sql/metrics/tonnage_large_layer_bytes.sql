-- Stored bytes of the ten largest layers that at most two revisions name. One row per layer.
-- type: gauge
-- digest: digest of the layer
-- class: tagged, untagged or orphaned
-- references: how many revisions name it directly
-- repository: the first of the repositories that need it; empty where none does
with large as (
    select digest, class, references_count, size_bytes
    from blob_usage
    where role = 'layer' and references_count <= 2 and size_bytes is not null
    order by size_bytes desc, digest
    limit 10
)
select
    l.digest,
    l.class,
    l.references_count as "references",
    coalesce(min(h.repository), '') as repository,
    l.size_bytes as value
from large as l
left join holder as h on h.digest = l.digest
group by l.digest, l.class, l.references_count, l.size_bytes
order by l.size_bytes desc, l.digest;
