-- Which units hold each blob, blobs held by the same units together; what something else needs that is protected, in no
-- unit or unreadable is left out. One row per set of holders.
with holding as (
    select distinct m.unit_id, r.blob_id
    from unit_member as m
    join store.reach as r on r.root_id = m.digest_id
),
closed as (
    select distinct h.blob_id
    from holding as h
    join unit as u on u.unit_id = h.unit_id
    join protected as p on p.repository_id = u.repository_id and p.digest_id = u.digest_id
    union
    select distinct r.blob_id
    from protected as p
    join store.reach as r on r.root_id = p.digest_id
    union
    select distinct r.blob_id
    from store.revision_state as s
    join store.reach as r on r.root_id = s.digest_id
    where not exists (
        select 1 from unit_member as m where m.repository_id = s.repository_id and m.digest_id = s.digest_id
    )
    union
    select blob_id from store.pin
),
grouped as (
    select h.blob_id, string_agg(cast(h.unit_id as varchar), ' ' order by h.unit_id) as holders
    from holding as h
    where h.blob_id not in (select blob_id from closed)
    group by h.blob_id
)
select g.holders, cast(sum(u.size_bytes) as bigint) as size_bytes
from grouped as g
join store.usage as u on u.blob_id = g.blob_id
group by g.holders
order by g.holders;
