-- Bytes all repositories would take if nothing were shared between their revisions. One row per registry.
-- type: gauge
select cast(coalesce(sum(logical_bytes), 0) as bigint) as value
from repository_usage;
