-- Add tags by repository and name.
insert into gone_tag
select t.repository_id, t.tag, t.digest_id, 0, x.reason
from (select unnest($repositories) as repository, unnest($names) as tag, unnest($reasons) as reason) as x
join store.repository as p using (repository)
join store.tag as t on t.repository_id = p.repository_id and t.tag = x.tag;
