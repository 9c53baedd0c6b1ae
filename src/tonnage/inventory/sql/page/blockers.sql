-- Problems a garbage collection would stop at. One row per kind.
select kind, count(*) as problems_count, min(path) as path, string_agg(distinct blocks_gc, ', ' order by blocks_gc) as collectors
from problem
where coalesce(blocks_gc, '') <> ''
group by kind
order by problems_count desc, kind;
