-- Add revisions by repository and digest, as a rule or a search has chosen them.
insert into gone
select s.repository_id, s.digest_id, 0, x.reason, false
from (select unnest($repositories) as repository, unnest($names) as digest, unnest($reasons) as reason) as x
join store.repository as p using (repository)
join store.digest as d using (digest)
join store.revision_state as s on s.repository_id = p.repository_id and s.digest_id = d.digest_id;
