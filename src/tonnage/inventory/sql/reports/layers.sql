-- Layers with few references and a large size. One row per layer.
-- $max_references integer 2..any: at most this many revisions name the layer directly
-- $min_size bytes 0: at least this large
-- $class tagged|untagged|orphaned any: only layers of this class
-- Example: tonnage layers --max-references 2 --min-size 500MiB
select
    digest,
    size_bytes,
    references_count,
    class,
    created_by,
    tags_count,
    repositories_count
from layer
where ($max_references is null or references_count <= $max_references)
    and size_bytes >= $min_size
    and $class in ('any', class)
order by size_bytes desc, references_count, digest;
