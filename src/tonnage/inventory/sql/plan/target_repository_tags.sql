-- Take every tag of whole repositories, those that lead nowhere too.
insert into gone_tag
select t.repository_id, t.tag, t.digest_id, 0, $reason
from store.tag as t
join store.repository as p using (repository_id)
where regexp_full_match(p.repository, $repository);
