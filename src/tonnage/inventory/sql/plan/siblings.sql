-- Tags that stay on a digest of which another tag goes: as long as they stay, nothing of it is freed. One row per tag.
select p.repository, t.tag, d.digest, string_agg(distinct x.tag, ' ' order by x.tag) as tags_that_go
from store.tag as t
join gone_tag as x on x.repository_id = t.repository_id and x.digest_id = t.digest_id
join store.repository as p on p.repository_id = t.repository_id
join store.digest as d on d.digest_id = t.digest_id
where not exists (select 1 from gone_tag as y where y.repository_id = t.repository_id and y.tag = t.tag)
group by p.repository, t.tag, d.digest
order by p.repository, t.tag;
