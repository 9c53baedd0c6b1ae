-- Take the tags among what is named exactly, and those of whole repositories.
insert into gone_tag
select t.repository_id, t.tag, t.digest_id, 0, x.reason
from exact as x
join store.repository as p using (repository)
join store.tag as t on t.repository_id = p.repository_id and t.tag = x.tag
where x.digest = ''
union all
select t.repository_id, t.tag, t.digest_id, 0, x.reason
from exact as x
join store.repository as p using (repository)
join store.tag as t on t.repository_id = p.repository_id
where x.digest = '' and x.tag = '';
