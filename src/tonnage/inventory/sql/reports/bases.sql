-- Images that others are built on: all their layers are the first layers of the others. One row per base.
-- image: a tag that leads to the base, else its repository
-- platform: operating system, architecture and variant of the base
-- images_count: images that begin with its layers
-- size_bytes: stored bytes of its layers
-- layers_count: number of its layers
-- digest: digest of its manifest
-- Example: tonnage bases --limit 10
with layer_row as (
    select f.parent, f.position, f.child, f.stored_bytes
    from manifest_ref as f
    where f.role = 'layer' and exists (select 1 from revision as r where r.digest = f.parent)
),
prefix as (
    select
        parent,
        position,
        md5(string_agg(child, ' ') over (partition by parent order by position)) as chain,
        cast(sum(stored_bytes) over (partition by parent order by position) as bigint) as size_bytes,
        max(position) over (partition by parent) as last_position
    from layer_row
),
base as (
    select chain, min(parent) as digest, max(size_bytes) as size_bytes, max(position) + 1 as layers_count
    from prefix
    where position = last_position
    group by chain
),
built as (
    select chain, count(*) as images_count from prefix where position < last_position group by chain
),
named as (
    select h.digest, coalesce(min(h.repository || ':' || t.tag), min(h.repository)) as image
    from holder as h
    join base as b on b.digest = h.digest
    left join tag as t on t.repository = h.repository and t.digest = h.revision
    group by h.digest
)
select
    n.image,
    i.os || '/' || i.architecture || coalesce('/' || i.variant, '') as platform,
    b.images_count,
    base.size_bytes,
    base.layers_count,
    base.digest
from base
join built as b on b.chain = base.chain
left join named as n on n.digest = base.digest
left join manifest as m on m.digest = base.digest
left join image as i on i.config_digest = m.config_digest
order by b.images_count desc, base.size_bytes desc, base.digest;
