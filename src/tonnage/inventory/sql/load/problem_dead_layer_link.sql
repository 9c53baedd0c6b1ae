-- Layer links whose blob is gone.
-- Only where there is: store.layer_link where digest_id not in (select digest_id from store.blob)
insert into store.problem
select 'dead_layer_link', 'repositories/' || p.repository || '/_layers/' || replace(path.digest, ':', '/') || '/link', p.repository, d.digest, null, null
from store.layer_link as l
join store.repository as p using (repository_id)
join store.digest as d on d.digest_id = l.digest_id
join store.digest as path on path.digest_id = l.path_digest_id
where not exists (select 1 from store.blob as b where b.digest_id = l.digest_id);
