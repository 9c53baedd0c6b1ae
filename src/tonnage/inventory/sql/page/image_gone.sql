-- Tags that go with some deletions. One row per tag.
select p.repository, x.tag
from (select distinct repository_id, tag from gone_tag) as x
join store.repository as p on p.repository_id = x.repository_id
order by p.repository, x.tag;
