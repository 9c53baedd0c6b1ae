-- Work out when each revision was last used: from pulls that logs tell of, and from when its files were read.
-- Two bounds: `used_at`, at least so late, is a pull; `unused_since_at`, at most so late, is after the last one there can
-- have been. What is read by many images says nothing of any of them, and what a sweep read says nothing of pulls; but
-- neither was it pulled later.
-- Only where there is: (select 1 from store.access as a join store.blob as b on b.digest_id = a.blob_id where a.read_at > b.modified_at union all select 1 from store.pull_file union all select 1 from store.pull)
insert into store.last_use
with noted as (
    select a.blob_id, a.read_at, a.read_at > b.modified_at as is_moved
    from store.access as a
    join store.blob as b on b.digest_id = a.blob_id
),
read_alone as (
    select a.repository_id, a.digest_id, max(o.read_at) as used_at
    from needed_alone as a
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
    left join last_pull as t on t.repository_id = s.repository_id and t.digest_id = s.digest_id
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
