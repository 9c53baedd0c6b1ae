-- References of linked manifests to what is not there; foreign layers need not be.
insert into store.problem
select
    case f.role when 'manifest' then 'missing_child' else 'missing_blob' end,
    'repositories/' || p.repository || '/_manifests/revisions/' || replace(parent.digest, ':', '/') || '/link',
    p.repository, child.digest, f.role || ' of ' || parent.digest, null
from (select distinct parent_id, child_id, role from store.manifest_ref where role <> 'subject' and not has_urls) as f
join store.revision_state as s on s.digest_id = f.parent_id
join store.repository as p on p.repository_id = s.repository_id
join store.digest as parent on parent.digest_id = f.parent_id
join store.digest as child on child.digest_id = f.child_id
where not exists (select 1 from store.reach as r where r.root_id = f.parent_id and r.blob_id = f.child_id)
    and not exists (
        select 1
        from store.layer_link as l
        join store.blob as b on b.digest_id = l.digest_id
        where l.path_digest_id = f.child_id and l.is_link_valid
    )
    and child.digest <> '';
