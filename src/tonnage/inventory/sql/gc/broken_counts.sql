-- How many images and referrers would lose what could be pulled before, complete or not. One row.
select
    count(*) filter (where state = 'tag' and pullable_count > 0) as images_count,
    count(*) filter (where state = 'referrer' and pullable_count > 0) as referrers_count,
    count(*) filter (where pullable_count > 0 and not was_complete) as incomplete_count,
    count(*) filter (where pullable_count = 0) as unpullable_count
from gc_broken;
