-- Repositories and tags the earlier scan found. One row per tag, and one per repository without any.
select p.repository, t.tag
from earlier.store.repository as p
left join earlier.store.tag as t on t.repository_id = p.repository_id and t.digest_id is not null
order by p.repository, t.tag;
