-- What fills the disk: the classes of files, which add up to everything. One row per class.
-- share_percent: their share of all bytes; null where some are unknown
-- Example: tonnage overview --json
select
    class,
    files_count,
    size_bytes,
    case when sum(case when size_bytes is null then 1 else 0 end) over () = 0
        then cast(cast(round(1000.0 * size_bytes / nullif(sum(size_bytes) over (), 0)) as integer) / 10.0 as double precision)
    end as share_percent
from class_total
order by size_bytes desc nulls last, class;
