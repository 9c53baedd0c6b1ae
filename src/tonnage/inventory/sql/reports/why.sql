-- Who holds a blob: every tag and revision that needs it. One row per holder.
-- $digest digest: a digest, or the beginning of one; or REPOSITORY:TAG
-- platform: operating system, architecture and variant; null for what is not an image
-- created_by: command of the build step that made the layer; null for what is not a layer
-- role: what the revision needs it as: layer, config, manifest, …; itself; or through an index
-- Example: tonnage why f15609d693a1
with held as (
    -- By what was asked for itself, so that the joins begin at the few rows it has; then by its other digest, if any.
    select h.repository, h.revision, h.state, h.kind
    from holder as h
    where h.digest = $digest
    union
    select h.repository, h.revision, h.state, h.kind
    from alias as a
    join holder as h on h.digest = a.stored_as
    where a.digest = $digest
),
tagged as (
    select t.repository, t.digest, t.tag
    from held as h
    join tag as t on t.repository = h.repository and t.digest = h.revision
),
built as (
    select m.digest, m.config_digest, i.os, i.architecture, i.variant, i.created_at
    from (select distinct revision from held) as h
    join manifest as m on m.digest = h.revision
    join image as i on i.config_digest = m.config_digest
),
named as (
    select f.parent, f.position, f.role
    from manifest_ref as f
    where f.child = $digest
    union
    select f.parent, f.position, f.role
    from alias as a
    join manifest_ref as f on f.child = a.stored_as
    where a.digest = $digest
    union
    select f.parent, f.position, f.role
    from alias as a
    join manifest_ref as f on f.child = a.digest
    where a.stored_as = $digest
),
placed as (
    select parent, min(position) as position, min(role) as role
    from named
    where role <> 'subject'
    group by parent
)
select
    l.repository,
    t.tag,
    l.revision,
    i.os || '/' || i.architecture || coalesce('/' || i.variant, '') as platform,
    h.created_by,
    case when l.revision = $digest then 'itself' else coalesce(p.role, 'through ' || l.kind) end as role,
    l.state,
    i.created_at
from held as l
left join tagged as t on t.repository = l.repository and t.digest = l.revision
left join placed as p on p.parent = l.revision
left join built as i on i.digest = l.revision
left join history as h on h.config_digest = i.config_digest and h.layer_position = p.position and p.role = 'layer'
order by l.repository, t.tag nulls last, l.kind, l.revision;
