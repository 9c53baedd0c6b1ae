-- Work out when each revision was last used: from pulls that logs tell of, and from when its files were read.
-- Two bounds: `used_at`, at least so late, is a pull; `unused_since_at`, at most so late, is after the last one there can
-- have been. What is read by many images says nothing of any of them, and what a sweep read says nothing of pulls; but
-- neither was it pulled later.
delete from store.last_use;
insert into store.last_use
with noted as (
    select a.blob_id, a.read_at, a.read_at > b.modified_at as is_moved
    from store.access as a
    join store.blob as b on b.digest_id = a.blob_id
),
alone as (
    -- Layers and configs that one revision alone needs.
    select s.repository_id, n.digest_id, n.blob_id
    from store.manifest_blob as n
    join store.usage as u on u.blob_id = n.blob_id and u.manifests_count = 1 and u.repositories_count = 1
    join store.revision_state as s on s.digest_id = n.digest_id
    where n.blob_id <> n.digest_id
),
read_alone as (
    select a.repository_id, a.digest_id, max(o.read_at) as used_at
    from alone as a
    join noted as o on o.blob_id = a.blob_id and o.is_moved
    where not exists (select 1 from store.sweep as w where o.read_at between w.first_at and w.last_at)
    group by a.repository_id, a.digest_id
),
read_last as (
    -- Whoever pulls it reads its manifest; that is noted once a day on most file systems (relatime).
    select s.repository_id, s.digest_id, o.read_at + interval 1 day as unused_since_at
    from store.revision_state as s
    join noted as o on o.blob_id = s.digest_id
    where (select bool_or(is_moved) from noted)
),
tagged_pull as (
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
    join alone as a on a.blob_id = d.digest_id
    where l.is_blob
    union all
    select s.repository_id, d.digest_id, l.pulled_at
    from store.pull as l
    join store.digest as d on d.digest = l.reference
    join store.revision_state as s on s.digest_id = d.digest_id
    join store.usage as u on u.blob_id = d.digest_id and u.repositories_count = 1
    where l.is_blob and l.repository is null
),
told_last as (
    select repository_id, digest_id, max(pulled_at) as used_at from told group by repository_id, digest_id
),
covered as (
    -- From when on the logs are without a gap until about now.
    select min(first_at) as since_at
    from (
        select first_at, last_at, sum(begins) over (order by first_at, last_at) as island
        from (
            select
                first_at,
                last_at,
                case
                    when first_at <= max(last_at) over (order by first_at, last_at rows between unbounded preceding and 1 preceding) + interval 1 day
                        then 0
                    else 1
                end as begins
            from store.pull_file
        )
    )
    group by island
    having max(last_at) >= $started_at - interval 2 day
    order by max(last_at) desc
    limit 1
),
pushed as (
    select repository_id, digest_id, max(modified_at) as pushed_at from store.revision group by repository_id, digest_id
),
found as (
    select
        s.repository_id,
        s.digest_id,
        greatest(r.used_at, t.used_at) as used_at,
        least(m.unused_since_at, greatest((select since_at from covered), case when (select since_at from covered) is not null then t.used_at end)) as bound_at,
        w.pushed_at
    from store.revision_state as s
    left join read_alone as r on r.repository_id = s.repository_id and r.digest_id = s.digest_id
    left join read_last as m on m.repository_id = s.repository_id and m.digest_id = s.digest_id
    left join told_last as t on t.repository_id = s.repository_id and t.digest_id = s.digest_id
    left join pushed as w on w.repository_id = s.repository_id and w.digest_id = s.digest_id
),
below as (
    -- An index is in use as long as what it lists is.
    select s.repository_id, s.digest_id, max(f.used_at) as used_at
    from store.revision_state as s
    join store.manifest_ref as c on c.parent_id = s.digest_id and c.role = 'manifest'
    join found as f on f.repository_id = s.repository_id and f.digest_id = c.child_id
    group by s.repository_id, s.digest_id
)
select
    f.repository_id,
    f.digest_id,
    greatest(f.used_at, b.used_at),
    case when f.bound_at is not null then greatest(f.bound_at, f.used_at, b.used_at, f.pushed_at) end
from found as f
left join below as b on b.repository_id = f.repository_id and b.digest_id = f.digest_id
order by f.repository_id, f.digest_id;
