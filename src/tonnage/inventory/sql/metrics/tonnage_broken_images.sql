-- Tags of the repository that cannot be pulled completely. One row per repository.
-- type: gauge
select r.repository, count(b.tag) as value
from repository as r
left join broken_tag as b on b.repository = r.repository
group by r.repository
order by r.repository;
