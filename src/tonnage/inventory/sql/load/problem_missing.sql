-- References of linked manifests to what is not there; foreign layers need not be.
-- Only where there is: store.manifest_ref where role <> 'subject' and child_id not in (select digest_id from store.blob)
insert into store.problem
with absent as materialized (
    select distinct f.parent_id, f.child_id, f.role
    from store.manifest_ref as f
    where f.role <> 'subject'
        and not f.has_urls
        and not exists (select 1 from store.blob as b where b.digest_id = f.child_id)
        and not exists (
            select 1
            from store.layer_link as l
            join store.blob as b on b.digest_id = l.digest_id
            where l.path_digest_id = f.child_id and l.is_link_valid
        )
)
select
    case f.role when 'manifest' then 'missing_child' else 'missing_blob' end,
    'repositories/' || p.repository || '/_manifests/revisions/' || replace(parent.digest, ':', '/') || '/link',
    p.repository, child.digest, f.role || ' of ' || parent.digest, null
from absent as f
join store.revision_state as s on s.digest_id = f.parent_id
join store.repository as p on p.repository_id = s.repository_id
join store.digest as parent on parent.digest_id = f.parent_id
join store.digest as child on child.digest_id = f.child_id
where child.digest <> '';
