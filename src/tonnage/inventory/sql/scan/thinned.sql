-- Scans whose totals are not kept any longer. One row per scan.
-- All of the last seven days stay, then the last of each day, after ninety days the last of each week (from Monday, UTC).
-- Of those that are older than seven days, one between two with the same totals says nothing and goes too.
-- Only where there is: store.scan where finished_at <= (select max(finished_at) from store.scan) - interval '7 days'
create or replace temp table thinned as
with now as (
    select max(finished_at) as finished_at from store.scan
),
old as (
    select
        s.scan_id,
        case
            when s.finished_at > n.finished_at - interval '90 days' then date_trunc('day', s.finished_at)
            else date_trunc('week', s.finished_at)
        end as began_at,
        s.finished_at > n.finished_at - interval '90 days' as is_day
    from store.scan as s
    cross join now as n
    where s.finished_at <= n.finished_at - interval '7 days'
),
chosen as (
    select max(scan_id) as scan_id from old group by began_at, is_day
),
total as (
    select scan_id, hash(location, files_count, size_bytes, problems_count) as said from store.scan
    union all
    select scan_id, hash('class', class, files_count, size_bytes) from store.scan_class
    union all
    select scan_id, hash(repository, tags_count, revisions_count, stored_bytes, exclusive_bytes, logical_bytes)
    from store.scan_repository
),
said as (
    select scan_id, bit_xor(said) as said, count(*) as rows_count
    from total
    where scan_id in (select scan_id from chosen)
    group by scan_id
),
between_two as (
    select
        scan_id,
        lag((said, rows_count)) over (order by scan_id) as before,
        (said, rows_count) as here,
        lead((said, rows_count)) over (order by scan_id) as after
    from said
)
select scan_id from old where scan_id not in (select scan_id from chosen)
union all
select scan_id from between_two where before = here and here = after;
delete from store.scan_class where scan_id in (select scan_id from thinned);
delete from store.scan_repository where scan_id in (select scan_id from thinned);
delete from store.scan where scan_id in (select scan_id from thinned);
drop table thinned;
