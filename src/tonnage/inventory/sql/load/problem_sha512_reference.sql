-- Layers referred to by another digest than the one they are stored under: both collectors take them.
-- Only where there is: store.alias
insert into store.problem
select distinct
    'sha512_reference',
    'repositories/' || p.repository || '/_manifests/revisions/' || replace(parent.digest, ':', '/') || '/link',
    p.repository, child.digest, 'stored as ' || stored.digest, null
from store.manifest_ref as f
join store.revision_state as s on s.digest_id = f.parent_id
join store.repository as p on p.repository_id = s.repository_id
join store.alias as a on a.digest_id = f.child_id
join store.blob as b on b.digest_id = a.stored_id
join store.digest as parent on parent.digest_id = f.parent_id
join store.digest as child on child.digest_id = f.child_id
join store.digest as stored on stored.digest_id = a.stored_id;
