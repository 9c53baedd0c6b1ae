-- Revisions whose manifest is gone.
-- Only where there is: store.revision where digest_id not in (select digest_id from store.blob)
insert into store.problem
select 'revision_without_blob', 'repositories/' || p.repository || '/_manifests/revisions/' || replace(path.digest, ':', '/') || '/link', p.repository, d.digest, null, null
from store.revision as r
join store.repository as p using (repository_id)
join store.digest as d on d.digest_id = r.digest_id
join store.digest as path on path.digest_id = r.path_digest_id
where not exists (select 1 from store.blob as b where b.digest_id = r.digest_id);
