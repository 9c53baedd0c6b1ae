-- How much larger the storage was at the last scan of the time chosen above than at the first. tonnage growth
with ends as (
    select min(scan_id) as first_id, max(scan_id) as last_id
    from "$schema".scan
    where $__timeFilter(finished_at)
)
select l.size_bytes - f.size_bytes as grown_bytes
from ends as e
join "$schema".scan as f on f.scan_id = e.first_id
join "$schema".scan as l on l.scan_id = e.last_id and l.scan_id > f.scan_id
