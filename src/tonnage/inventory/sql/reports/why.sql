-- Who holds a blob: every tag and revision that needs it. One row per holder.
-- $digest digest: a digest, or the beginning of one; or REPOSITORY:TAG
-- platform: operating system, architecture and variant; null for what is not an image
-- created_by: command of the build step that made the layer; null for what is not a layer
-- role: what the revision needs it as: layer, config, manifest, …; itself; or through an index
-- Example: tonnage why f15609d693a1
with asked as (
    -- What was asked for, and the blob it is another digest of, if any.
    select $digest as digest
    union
    select a.stored_as as digest
    from alias as a
    where a.digest = $digest
),
needed as (
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
    from asked as a
    join need as n on n.digest = a.digest
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
