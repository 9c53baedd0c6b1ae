-- What fills the disk at the last scan; the rows add up to all files. tonnage overview
select
    class,
    size_bytes,
    files_count,
    100.0 * size_bytes / nullif(sum(size_bytes) over (), 0) as share_percent
from "$schema".class_total
order by size_bytes desc nulls last, class
