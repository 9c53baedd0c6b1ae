-- Layers by the number of tags that lead to them. One row per number.
-- type: histogram
-- buckets: 0 1 2 3 5 10 20 50 100
select tags_count as value, count(*) as weight
from blob_usage
where role = 'layer'
group by tags_count
order by tags_count;
