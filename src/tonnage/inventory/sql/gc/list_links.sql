-- Layer links that the collection removes. One row per repository and link.
select p.repository, d.digest, b.size_bytes as blob_bytes, coalesce(n.is_needed, false) as is_needed
from (select distinct repository_id, digest_id from gc_removed_layer_link) as x
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
left join store.blob as b using (digest_id)
left join (
    select distinct repository_id, lost_id as digest_id, true as is_needed from gc_lost where part = 'layer link'
) as n on n.repository_id = x.repository_id and n.digest_id = x.digest_id
order by p.repository, d.digest;
