-- Manifests of a linked index that are stored, but that this repository has no revision of: 2.x -m leaves them so.
-- Only where there is: store.manifest_ref where role = 'manifest'
insert into store.problem
select
    'unlinked_child',
    'repositories/' || p.repository || '/_manifests/revisions/' || replace(parent.digest, ':', '/') || '/link',
    p.repository, child.digest, f.role || ' of ' || parent.digest, null
from (select distinct parent_id, child_id, role from store.manifest_ref where role = 'manifest') as f
join store.revision_state as s on s.digest_id = f.parent_id
join store.repository as p on p.repository_id = s.repository_id
join store.blob as b on b.digest_id = f.child_id
join store.digest as parent on parent.digest_id = f.parent_id
join store.digest as child on child.digest_id = f.child_id
where (select has_files from store.source)
    and not exists (
        select 1 from store.revision as r where r.repository_id = s.repository_id and r.digest_id = f.child_id
    )
    and not exists (
        select 1 from store.revision as r where r.repository_id = s.repository_id and r.path_digest_id = f.child_id
    );
