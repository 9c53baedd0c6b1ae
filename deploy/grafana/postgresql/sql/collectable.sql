-- Orphaned blobs: what the registry's garbage collection would free now. tonnage gc --collector 2
select
    case
        when (select has_files from "$schema".source)
            and not exists (select 1 from "$schema".doubt where is_grave or doubt = 'cache')
            then coalesce(sum(size_bytes), 0)
    end as size_bytes
from "$schema".orphaned
where not is_pinned
