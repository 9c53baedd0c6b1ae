-- Stored bytes of each namespace where what is shared is divided evenly among the namespaces that need it; they add up to all blobs that are needed. One row per namespace.
-- type: gauge
-- namespace: first component of the repositories' names; empty for those with only one
select namespace, fair_share_bytes as value
from namespace_usage
where fair_share_bytes is not null
order by namespace;
