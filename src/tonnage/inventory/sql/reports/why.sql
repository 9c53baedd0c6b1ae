-- Who holds a blob: every tag and revision that needs it. One row per holder.
-- $digest digest: the blob's digest, or the beginning of it
-- platform: operating system, architecture and variant; null for what is no image
-- created_by: command of the build step that made the layer; null for what is no layer
-- role: what the revision needs it as: layer, config, manifest, …; itself; or through an index
-- Example: tonnage why f15609d693a1
with meant as (
    select cast($digest as varchar) as digest
    union all
    select case a.digest when $digest then a.stored_as else a.digest end
    from alias as a
    where $digest in (a.digest, a.stored_as)
),
held as (
    select h.repository, h.revision, h.state, h.kind, h.digest
    from holder as h
    where h.digest in (select digest from meant)
),
reached as (
    select h.repository, h.revision, h.state, h.kind, h.digest, t.tag
    from held as h
    left join tag as t on t.repository = h.repository and t.digest = h.revision
),
placed as (
    select
        f.parent,
        min(f.position) as position,
        min(f.role) as role
    from manifest_ref as f
    where f.child in (select digest from meant) and f.role <> 'subject'
    group by f.parent
)
select
    l.repository,
    l.tag,
    l.revision,
    i.os || '/' || i.architecture || coalesce('/' || i.variant, '') as platform,
    h.created_by,
    case when l.revision = $digest then 'itself' else coalesce(p.role, 'through ' || l.kind) end as role,
    l.state,
    i.created_at
from reached as l
left join placed as p on p.parent = l.revision
left join manifest as m on m.digest = l.revision
left join image as i on i.config_digest = m.config_digest
left join history as h on h.config_digest = m.config_digest and h.layer_position = p.position and p.role = 'layer'
order by l.repository, l.tag nulls last, l.kind, l.revision;
