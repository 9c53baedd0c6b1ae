-- Problems on which a garbage collection of the registry would abort. One row per collector.
-- type: gauge
-- registry: version of the registry, 2.x or 3.x
-- delete_untagged: whether it runs with its option --delete-untagged (-m)
select c.registry, c.delete_untagged, case when (select has_files from source) then count(p.kind) end as value
from (
    values
    ('2.x', 'false', ', 2.x,'),
    ('2.x', 'true', ', 2.x -m,'),
    ('3.x', 'false', ', 3.x,'),
    ('3.x', 'true', ', 3.x -m,')
) as c (registry, delete_untagged, name)
left join problem as p on strpos(', ' || p.blocks_gc || ',', c.name) > 0
group by c.registry, c.delete_untagged
order by c.registry, c.delete_untagged;
