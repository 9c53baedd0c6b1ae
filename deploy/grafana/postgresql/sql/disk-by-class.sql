-- The classes add up to all files. Untagged: no tag leads to it. Orphaned: no manifest refers to it. A point for each scan.
select finished_at as time, class as metric, size_bytes
from "$schema".scan_class
where $__timeFilter(finished_at)
order by finished_at, class
