-- When each revision was pulled last, as logs tell. One row per revision that they tell of.
-- Only where there is: store.pull
insert into last_pull
with tagged_pull as (
    -- A tag led to what it was given last before the pull.
    select l.repository_id, l.tag, l.pulled_at, arg_max(h.digest_id, h.modified_at) as digest_id
    from (
        select p.repository_id, l.reference as tag, l.pulled_at
        from store.pull as l
        join store.repository as p on p.repository = l.repository
        where not l.is_blob and strpos(l.reference, ':') = 0
    ) as l
    join (
        select repository_id, tag, digest_id, modified_at from store.tag where digest_id is not null
        union all
        select repository_id, tag, digest_id, modified_at from store.tag_history
    ) as h on h.repository_id = l.repository_id and h.tag = l.tag
    where h.modified_at <= l.pulled_at
    group by l.repository_id, l.tag, l.pulled_at
),
told as (
    select repository_id, digest_id, pulled_at from tagged_pull
    union all
    select p.repository_id, d.digest_id, l.pulled_at
    from store.pull as l
    join store.repository as p on p.repository = l.repository
    join store.digest as d on d.digest = l.reference
    where not l.is_blob
    union all
    select a.repository_id, a.digest_id, l.pulled_at
    from store.pull as l
    join store.digest as d on d.digest = l.reference
    join needed_alone as a on a.blob_id = d.digest_id
    where l.is_blob
    union all
    select s.repository_id, d.digest_id, l.pulled_at
    from store.pull as l
    join store.digest as d on d.digest = l.reference
    join store.revision_state as s on s.digest_id = d.digest_id
    join store.usage as u on u.blob_id = d.digest_id and u.repositories_count = 1
    where l.is_blob and l.repository is null
)
select repository_id, digest_id, max(pulled_at) from told group by repository_id, digest_id;
