-- What the collection removes, each a path below `v2/` that goes with all that lies in it. One row per path.
select 'repositories/' || p.repository || '/_manifests/revisions/' || replace(d.digest, ':', '/') as path
from gc_removed_revision as x
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
union all
select 'repositories/' || p.repository || '/_manifests/tags/' || x.tag || '/index/' || replace(d.digest, ':', '/')
from gc_removed_history as x
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
union all
select 'blobs/' || split_part(d.digest, ':', 1) || '/' || left(split_part(d.digest, ':', 2), 2) || '/' || split_part(d.digest, ':', 2)
from gc_removed_blob as x
join store.digest as d using (digest_id)
union all
select 'repositories/' || p.repository || '/_layers/' || replace(d.digest, ':', '/') || '/link'
from gc_removed_layer_link as x
join store.repository as p using (repository_id)
join store.digest as d using (digest_id);
