-- Blobs of a linked manifest that are stored, but that this repository has no link to.
insert into store.problem
with unlinked as (
    select distinct s.repository_id, f.parent_id, f.child_id, f.role
    from store.manifest_ref as f
    join store.revision_state as s on s.digest_id = f.parent_id
    where f.role in ('config', 'layer')
        and not exists (
            select 1 from store.layer_link as l where l.repository_id = s.repository_id and l.digest_id = f.child_id
        )
        and not exists (
            select 1 from store.layer_link as l where l.repository_id = s.repository_id and l.path_digest_id = f.child_id
        )
)
select
    'unlinked_blob',
    'repositories/' || p.repository || '/_manifests/revisions/' || replace(parent.digest, ':', '/') || '/link',
    p.repository, child.digest, f.role || ' of ' || parent.digest, null
from unlinked as f
join store.repository as p on p.repository_id = f.repository_id
join store.blob as b on b.digest_id = f.child_id
join store.digest as parent on parent.digest_id = f.parent_id
join store.digest as child on child.digest_id = f.child_id
where (select has_files from store.source);
