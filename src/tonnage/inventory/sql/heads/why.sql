-- What the digest is that `why` is asked about, and who needs it. One row.
with stored as (
    select coalesce(max(a.stored_as), $digest) as digest from alias as a where a.digest = $digest
),
named as (
    select d.digest_id
    from stored as s
    join store.digest as d on d.digest = s.digest
    union
    select a.digest_id
    from stored as s
    join store.digest as d on d.digest = s.digest
    join store.alias as a on a.stored_id = d.digest_id
),
step as (
    -- As the view `layer` has it for all layers: the oldest image that holds it tells. Here the joins begin at the one.
    select
        h.created_by,
        row_number() over (order by h.created_at nulls last, g.digest, h.position) as number
    from named as n
    join store.manifest_ref as f on f.child_id = n.digest_id and f.role = 'layer'
    join store.manifest as m on m.digest_id = f.parent_id
    join store.history as h on h.config_id = m.config_id and h.layer_position = f.position
    join store.digest as g on g.digest_id = m.config_id
)
select
    $digest as digest,
    u.size_bytes,
    coalesce(u.class, 'not stored') as class,
    case
        when u.digest is null then 'asked for, and not there'
        when u.is_pinned then 'maybe by what cannot be read'
        when u.class = 'orphaned' then 'nothing: a collection frees it'
        when u.class = 'untagged' then 'untagged revisions only'
        else u.tags_count || case when u.tags_count = 1 then ' tag in ' else ' tags in ' end
            || u.repositories_count || case when u.repositories_count = 1 then ' repository' else ' repositories' end
    end as needed_by,
    coalesce(l.created_by, u.role) as created_by
from stored as s
left join blob_usage as u on u.digest = s.digest
left join step as l on l.number = 1 and u.role = 'layer';
