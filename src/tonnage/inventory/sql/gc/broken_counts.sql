-- How many images and referrers would no longer pull completely that do now. One row.
select
    count(*) filter (where state = 'tag' and was_complete) as images_count,
    count(*) filter (where state = 'referrer' and was_complete) as referrers_count,
    count(*) filter (where not was_complete) as incomplete_count
from gc_broken;
