-- Problems that do not block a collection, notes left out. One row.
select count(*) as problems_count
from problem
where severity <> 'note' and coalesce(blocks_gc, '') = '';
