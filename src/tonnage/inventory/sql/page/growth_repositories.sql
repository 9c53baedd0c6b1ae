-- Who grew the most since the last scan that is at least so many days old, or the first. One row per repository.
with last as (
    select scan_id, finished_at from store.scan order by scan_id desc limit 1
),
before as (
    select s.scan_id
    from store.scan as s
    cross join last as l
    where s.scan_id < l.scan_id
    order by
        s.finished_at <= l.finished_at - $days * interval '1 day' desc,
        case when s.finished_at <= l.finished_at - $days * interval '1 day' then s.finished_at end desc nulls last,
        s.finished_at
    limit 1
)
select n.repository, n.stored_bytes - coalesce(o.stored_bytes, 0) as grown_bytes
from store.scan_repository as n
left join store.scan_repository as o
    on o.repository = n.repository and o.scan_id = (select scan_id from before)
where n.scan_id = (select scan_id from last)
    and exists (select 1 from before)
    and n.stored_bytes > coalesce(o.stored_bytes, 0)
order by grown_bytes desc, n.repository
limit 4;
