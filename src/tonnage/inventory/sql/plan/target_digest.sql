-- Take revisions by digest, with every tag on them, unless an index that stays needs them.
insert into gone
select s.repository_id, s.digest_id, 0, $reason, true
from store.revision_state as s
join store.repository as p using (repository_id)
join store.digest as d on d.digest_id = s.digest_id
where regexp_full_match(p.repository, $repository) and starts_with(d.digest, $digest);
