-- Add revisions that are to go.
insert into gc_eligible
select p.repository_id, d.digest_id
from (select unnest(cast($repositories as varchar[])) as repository, unnest(cast($digests as varchar[])) as digest) as x
join store.repository as p using (repository)
join store.digest as d using (digest);
