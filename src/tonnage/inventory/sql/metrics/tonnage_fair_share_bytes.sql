-- Stored bytes of each namespace where what is shared is divided evenly among the namespaces that need it; they add up to all blobs that are needed. One row per namespace.
-- type: gauge
-- namespace: first component of the repositories' names; empty for those with only one
with needed as (
    select distinct p.namespace, b.digest, b.size_bytes
    from repository_blob as b
    join repository as p on p.repository = b.repository
),
counted as (
    select digest, count(*) as namespaces_count from needed group by digest
)
select n.namespace, sum(cast(n.size_bytes as double precision) / c.namespaces_count) as value
from needed as n
join counted as c on c.digest = n.digest
group by n.namespace
order by n.namespace;
