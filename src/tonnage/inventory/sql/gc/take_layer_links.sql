-- Add what goes to gc_removed_layer_link: that of repositories without oddities, and by digest.
insert into gc_removed_layer_link
select repository_id, digest_id from gc_plain_layer_link where $all
union all
select p.repository_id, d.digest_id
from (select unnest(cast($repositories as varchar[])) as repository, unnest(cast($digests as varchar[])) as digest) as x
join store.repository as p using (repository)
join store.digest as d using (digest);
