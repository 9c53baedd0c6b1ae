-- Stored bytes of blobs that only revisions need which were not used for as long; unknown: at least one of these may have been used. One row per age.
-- type: gauge
-- age: 7d, 30d, 90d, 180d: not used for at least that long, and less than the next; used: within 7 days; unknown
with sized as (
    select
        b.size_bytes,
        case
            when b.unused_since_at is null then 'unknown'
            when b.unused_since_at > s.started_at - 7 * interval '1 day' then 'used'
            when b.unused_since_at > s.started_at - 30 * interval '1 day' then '7d'
            when b.unused_since_at > s.started_at - 90 * interval '1 day' then '30d'
            when b.unused_since_at > s.started_at - 180 * interval '1 day' then '90d'
            else '180d'
        end as age
    from blob_use as b
    cross join (select max(started_at) as started_at from scan) as s
)
select age, cast(sum(size_bytes) as bigint) as value
from sized
group by age
order by age;
