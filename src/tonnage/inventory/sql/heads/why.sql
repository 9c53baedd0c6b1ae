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
    coalesce(h.created_by, u.role) as created_by
from found as f
left join store.usage as u on u.blob_id = f.digest_id
left join store.layer_step as t on t.blob_id = u.blob_id and u.role = 'layer'
left join store.history as h on h.config_id = t.config_id and h.position = t.position
where f.number = 1;
