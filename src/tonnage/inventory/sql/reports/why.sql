-- Who holds a blob: every tag and revision that needs it. One row per holder.
-- $digest digest: a digest, or the beginning of one; or REPOSITORY:TAG
-- platform: operating system, architecture and variant; null for what is not an image
-- created_by: command of the build step that made the layer; null for what is not a layer
-- role: what the revision needs it as: layer, config, manifest, …; itself; or through an index
-- Example: tonnage why f15609d693a1
with needed as (
    -- A manifest may name a layer more than once: the first counts.
    select
        n.repository,
        n.tag,
        n.revision,
        n.kind,
        n.state,
        n.os,
        n.architecture,
        n.variant,
        n.created_at,
        n.role,
        n.created_by,
        row_number() over (partition by n.repository, n.revision, n.tag order by n.role, n.position, n.created_by) as number
    from need as n
    where n.digest = $digest
)
select
    n.repository,
    n.tag,
    n.revision,
    n.os || '/' || n.architecture || coalesce('/' || n.variant, '') as platform,
    n.created_by,
    case when n.revision = $digest then 'itself' else coalesce(n.role, 'through ' || n.kind) end as role,
    n.state,
    n.created_at
from needed as n
where n.number = 1
order by n.repository, n.tag nulls last, n.kind, n.revision;
