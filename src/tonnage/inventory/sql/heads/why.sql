-- What the digest is that `why` is asked about, and who needs it. One row.
-- A digest is looked for once by its text, which takes longest, and all else by its number.
with asked as (
    select d.digest_id, d.digest, d.copy from store.digest as d where d.digest = $digest
),
found as (
    -- The blob it is another digest of, if any; else the blob itself, where it is stored.
    select
        x.digest_id,
        x.digest,
        row_number() over (
            order by x.is_other desc, x.digest desc, case when u.blob_id is null then 1 else 0 end, x.copy
        ) as number
    from (
        select q.digest_id, q.digest, q.copy, 0 as is_other
        from asked as q
        union all
        select d.digest_id, d.digest, d.copy, 1 as is_other
        from asked as q
        join store.alias as a on a.digest_id = q.digest_id
        join store.blob as b on b.digest_id = a.stored_id
        join store.digest as d on d.digest_id = a.stored_id
    ) as x
    left join store.usage as u on u.blob_id = x.digest_id
),
named as (
    -- All by which manifests may name it.
    select x.digest_id
    from found as f
    join found as x on x.digest = f.digest
    where f.number = 1
    union
    select a.digest_id
    from found as f
    join found as x on x.digest = f.digest
    join store.alias as a on a.stored_id = x.digest_id
    where f.number = 1
),
step as (
    -- As the view `layer` has it for all layers: the oldest image that holds it tells.
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
        when u.blob_id is null then 'asked for, and not there'
        when u.is_pinned then 'maybe by what cannot be read'
        when u.class = 'orphaned' then 'nothing: a collection frees it'
        when u.class = 'untagged' then 'untagged revisions only'
        else u.tags_count || case when u.tags_count = 1 then ' tag in ' else ' tags in ' end
            || u.repositories_count || case when u.repositories_count = 1 then ' repository' else ' repositories' end
    end as needed_by,
    coalesce(l.created_by, u.role) as created_by
from found as f
left join store.usage as u on u.blob_id = f.digest_id
left join step as l on l.number = 1 and u.role = 'layer'
where f.number = 1;
