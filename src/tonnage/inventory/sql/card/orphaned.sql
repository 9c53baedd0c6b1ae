-- Orphaned bytes: those a collection may take, and those that something unreadable may need. One row.
select
    coalesce(sum(size_bytes) filter (where not is_pinned), 0) as free_bytes,
    coalesce(sum(size_bytes) filter (where is_pinned), 0) as pinned_bytes
from orphaned;
