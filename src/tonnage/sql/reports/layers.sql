-- Layers with few references and a large size. One row per layer.
-- $max_references integer 2: at most this many revisions name the layer directly
-- $min_size bytes 0: at least this large
-- $class text any: only layers of this class: tagged, untagged, orphaned
select
    digest,
    size_bytes,
    references_count,
    repositories_count,
    tags_count,
    class,
    created_by
from layer
where references_count <= $max_references
    and size_bytes >= $min_size
    and $class in ('any', class)
order by size_bytes desc, references_count, digest;
