-- Blobs that are in no folder of a revision. One row per blob.
select o.digest, coalesce(l.created_by, 'orphaned') as step, o.size_bytes
from orphaned as o
left join layer as l on l.digest = o.digest
order by o.digest;
