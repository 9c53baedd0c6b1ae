-- Layers by the number of repositories that need them. One row per number.
-- type: histogram
-- buckets: 0 1 2 3 5 10 20 50 100
select repositories_count as value, count(*) as weight
from blob_usage
where role = 'layer'
group by repositories_count
order by repositories_count;
