-- A revision deleted by digest takes every tag of its repository that points to it.
insert into gone_tag
select t.repository_id, t.tag, t.digest_id, $step, g.reason
from store.tag as t
join (select repository_id, digest_id, min(reason) as reason from gone group by repository_id, digest_id) as g
    on g.repository_id = t.repository_id and g.digest_id = t.digest_id
where not exists (select 1 from gone_tag as x where x.repository_id = t.repository_id and x.tag = t.tag);
