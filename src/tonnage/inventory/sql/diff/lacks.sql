-- Tags that the other registry lacks, or that lead elsewhere there, by what would have to be pushed. One row per tag.
with absent as (
    select digest, size_bytes from old_inventory.blob
    where digest not in (select digest from new_inventory.blob)
),
to_push as (
    select h.repository, h.revision, sum(a.size_bytes) as size_bytes
    from (select distinct repository, revision, digest from old_inventory.holder) as h
    join absent as a on a.digest = h.digest
    group by h.repository, h.revision
)
select
    o.repository,
    o.tag,
    case when n.tag is null then 'lacking' else 'other digest' end as state,
    cast(coalesce(p.size_bytes, 0) as bigint) as push_bytes,
    o.digest,
    n.digest as other_digest
from old_inventory.tag as o
left join new_inventory.tag as n on n.repository = o.repository and n.tag = o.tag
left join to_push as p on p.repository = o.repository and p.revision = o.digest
where n.digest is distinct from o.digest
order by coalesce(p.size_bytes, 0) desc, o.repository, o.tag;
