-- Revisions that a reference names: by digest, by tag. One row per repository and digest.
select p.repository, d.digest
from store.repository as p
join store.revision_state as s using (repository_id)
join store.digest as d on d.digest_id = s.digest_id
where p.repository = $repository and d.digest = $digest
union
select p.repository, d.digest
from store.repository as p
join store.tag as t using (repository_id)
join store.digest as d on d.digest_id = t.digest_id
where p.repository = $repository and t.tag = $tag;
