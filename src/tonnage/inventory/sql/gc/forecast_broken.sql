-- How many images and referrers lose something that could be pulled before, as broken_counts says it. One row.
with broken as (
    select distinct l.repository_id, l.root_id, l.state
    from gc_loss as l
    where exists (select 1 from gc_part as p where p.repository_id = l.repository_id and p.root_id = l.root_id)
)
select count(*) filter (where state = 'tag') as images_count, count(*) filter (where state = 'referrer') as referrers_count
from broken;
