-- Digests of revisions that begin so, in repositories of a pattern. One row per digest, two at most.
select distinct d.digest
from store.revision_state as s
join store.repository as p on p.repository_id = s.repository_id
join store.digest as d on d.digest_id = s.digest_id
where regexp_full_match(p.repository, $repository) and starts_with(d.digest, $digest)
order by d.digest
limit 2;
