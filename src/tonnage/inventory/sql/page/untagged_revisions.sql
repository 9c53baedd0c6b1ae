-- Revisions that no tag leads to, for the step that deletes them. One row per revision.
select p.repository, d.digest
from store.revision_state as s
join store.repository as p on p.repository_id = s.repository_id
join store.digest as d on d.digest_id = s.digest_id
where s.state = 'untagged'
order by p.repository, d.digest;
