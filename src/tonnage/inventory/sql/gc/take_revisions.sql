-- Add what goes to gc_removed_revision: that of repositories without oddities before a rank, and by digest.
insert into gc_removed_revision
select repository_id, digest_id from gc_plain_eligible where rank < $end_rank
union all
select p.repository_id, d.digest_id
from (select unnest(cast($repositories as varchar[])) as repository, unnest(cast($digests as varchar[])) as digest) as x
join store.repository as p using (repository)
join store.digest as d using (digest);
