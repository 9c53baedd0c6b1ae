-- Add deletions by name; an empty tag stands for a deletion by digest.
insert into gc_deletion
select p.repository_id, d.digest_id, nullif(x.tag, '')
from (select unnest($repositories) as repository, unnest($digests) as digest, unnest($tags) as tag) as x
join store.repository as p using (repository)
join store.digest as d using (digest);
