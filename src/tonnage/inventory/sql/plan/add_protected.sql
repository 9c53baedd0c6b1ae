-- Protect revisions by repository and digest.
insert into protected
select p.repository_id, d.digest_id, x.reason
from (select unnest($repositories) as repository, unnest($names) as digest, unnest($reasons) as reason) as x
join store.repository as p using (repository)
join store.digest as d using (digest);
