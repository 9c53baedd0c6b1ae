-- Take whole repositories: every revision.
insert into gone
select s.repository_id, s.digest_id, 0, $reason, true
from store.revision_state as s
join store.repository as p using (repository_id)
where regexp_full_match(p.repository, $repository);
