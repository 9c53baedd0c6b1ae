-- The scans of the time chosen above, the last first; earlier totals are thinned out. tonnage growth
select
    finished_at,
    size_bytes,
    files_count,
    problems_count,
    cast(extract(epoch from finished_at - started_at) as double precision) as took_seconds,
    location
from "$schema".scan
where $__timeFilter(finished_at)
order by scan_id desc
limit 100
