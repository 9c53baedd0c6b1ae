-- Bytes all repositories would take if nothing were shared between their revisions. One row per registry.
-- type: gauge
select case when count(*) = count(logical_bytes) then cast(coalesce(sum(logical_bytes), 0) as bigint) end as value
from repository_usage;
