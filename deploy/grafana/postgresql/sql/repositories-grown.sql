-- The hundred that need the most bytes more than at the first scan of the time chosen above. tonnage growth --repository NAME
with ends as (
    select min(scan_id) as first_id, max(scan_id) as last_id
    from "$schema".scan
    where $__timeFilter(finished_at)
),
first_scan as (
    select s.repository, s.stored_bytes
    from "$schema".scan_repository as s
    join ends as e on e.first_id = s.scan_id and e.first_id < e.last_id
),
last_scan as (
    select s.repository, s.stored_bytes
    from "$schema".scan_repository as s
    join ends as e on e.last_id = s.scan_id and e.first_id < e.last_id
)
select
    coalesce(l.repository, f.repository) as repository,
    coalesce(l.stored_bytes, 0) - coalesce(f.stored_bytes, 0) as grown_bytes,
    f.stored_bytes as before_bytes,
    l.stored_bytes as after_bytes
from first_scan as f
full join last_scan as l on l.repository = f.repository
order by grown_bytes desc, repository
limit 100
