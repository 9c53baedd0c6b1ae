-- Layers that came or went between two inventories. One row per layer; what went has negative bytes.
select
    coalesce(n.digest, o.digest) as digest,
    coalesce(n.size_bytes, 0) - coalesce(o.size_bytes, 0) as grown_bytes,
    n.references_count,
    n.repositories_count,
    coalesce(n.created_by, o.created_by) as created_by
from new_inventory.layer as n
full join old_inventory.layer as o on o.digest = n.digest
where n.digest is null or o.digest is null
order by coalesce(n.size_bytes, 0) - coalesce(o.size_bytes, 0) desc, coalesce(n.digest, o.digest);
