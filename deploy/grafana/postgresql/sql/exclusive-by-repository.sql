-- Those that alone need the most now, and how they came to it. A point for each scan. tonnage diff BEFORE AFTER
with largest as (
    select repository
    from "$schema".scan_repository
    where scan_id = (select max(scan_id) from "$schema".scan)
    order by exclusive_bytes desc, repository
    limit 10
)
select s.finished_at as time, s.repository as metric, s.exclusive_bytes
from "$schema".scan_repository as s
join largest as l on l.repository = s.repository
where $__timeFilter(s.finished_at)
order by s.finished_at, s.repository
