-- Bytes of layers by how many revisions name them. 0: none does. tonnage layers
with counted as (
    select case when references_count > 9 then 10 else references_count end as references_count, size_bytes
    from "$schema".layer
)
select
    case when references_count > 9 then '10 and more' else cast(references_count as text) end as named_by,
    sum(size_bytes) as size_bytes
from counted
group by references_count
order by references_count
