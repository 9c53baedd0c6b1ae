-- Blobs of a linked manifest that are stored, but that this repository has no link to.
insert into store.problem
with link as (
    select repository_id, path_digest_id as digest_id from store.layer_link
    union
    select repository_id, digest_id from store.layer_link
)
select
    'unlinked_blob',
    'repositories/' || p.repository || '/_manifests/revisions/' || replace(parent.digest, ':', '/') || '/link',
    p.repository, child.digest, f.role || ' of ' || parent.digest, null
from (select distinct parent_id, child_id, role from store.manifest_ref where role in ('config', 'layer')) as f
join store.revision_state as s on s.digest_id = f.parent_id
join store.repository as p on p.repository_id = s.repository_id
join store.blob as b on b.digest_id = f.child_id
join store.digest as parent on parent.digest_id = f.parent_id
join store.digest as child on child.digest_id = f.child_id
where (select has_files from store.source)
    and not exists (
        select 1 from link as l where l.repository_id = s.repository_id and l.digest_id = f.child_id
    );
