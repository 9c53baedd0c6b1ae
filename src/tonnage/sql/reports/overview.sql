-- What fills the disk: the classes of files, which add up to everything. One row per class.
-- share_percent: their share of all bytes
-- Example: tonnage overview --json
select
    class,
    files_count,
    size_bytes,
    cast(round(1000.0 * size_bytes / nullif(sum(size_bytes) over (), 0)) as integer) / 10.0 as share_percent
from class_total
order by size_bytes desc, class;
