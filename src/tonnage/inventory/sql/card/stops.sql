-- Problems that a garbage collection stops at. One row per kind.
select kind, count(*) as problems_count, string_agg(distinct blocks_gc, ', ' order by blocks_gc) as collectors
from problem
where blocks_gc <> ''
group by kind
order by problems_count desc, kind;
