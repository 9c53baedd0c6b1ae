-- Find out when something read nearly all blobs in a row: a backup, a copy, a virus scanner. Reads by pulls are of some
-- blobs, in no order; those of a walk are of all that were there, by name, by age, or one folder after another.
-- Only where there is: (select 1 from store.sweep union all select count(*) from store.access having count(*) >= 8)
delete from store.sweep;
insert into store.sweep
with noted as (
    select a.blob_id, a.read_at, b.modified_at, d.digest, substr(d.digest, 8, 2) as shard
    from store.access as a
    join store.blob as b on b.digest_id = a.blob_id
    join store.digest as d on d.digest_id = a.blob_id
),
marked as (
    select
        *,
        case when read_at - lag(read_at) over (order by read_at, blob_id) <= interval 10 minute then 0 else 1 end as begins
    from noted
    where read_at > modified_at
),
numbered as (
    select *, sum(begins) over (order by read_at, blob_id) as run_id from marked
),
compared as (
    select
        *,
        digest > lag(digest) over run as is_by_name,
        modified_at >= lag(modified_at) over run as is_by_age,
        shard is distinct from lag(shard) over run as is_other_shard
    from numbered
    window run as (partition by run_id order by read_at, blob_id)
),
measured as (
    select
        min(read_at) as first_at,
        max(read_at) as last_at,
        count(*) as blobs_count,
        avg(cast(is_by_name as integer)) as by_name,
        avg(cast(is_by_age as integer)) as by_age,
        sum(cast(is_other_shard as integer)) as shard_runs,
        count(distinct shard) as shards
    from compared
    group by run_id
    having count(*) >= greatest(8, (select count(*) from noted) / 10)
)
select m.first_at, m.last_at, m.blobs_count
from measured as m
where m.blobs_count >= 0.9 * (select count(*) from noted as n where n.modified_at < m.first_at and n.read_at <= m.last_at)
    and (m.by_name >= 0.8 or m.by_age >= 0.8 or m.blobs_count >= 2 * m.shards and m.shard_runs <= 1.2 * m.shards)
order by m.first_at;
