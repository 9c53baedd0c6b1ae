-- Layer links whose blob is gone. One row per link, with its folder below v2/.
select distinct 'repositories/' || p.repository || '/_layers/' || replace(d.digest, ':', '/') as path
from store.layer_link as l
join store.repository as p using (repository_id)
join store.digest as d on d.digest_id = l.path_digest_id
where l.is_link_valid
    and l.digest_id not in (select digest_id from store.blob)
    and l.path_digest_id not in (select digest_id from store.blob)
order by path;
