-- Blobs with another size than some linked manifest declares.
-- Only where there is: store.manifest_ref as f join store.blob as b on b.digest_id = f.child_id where f.size_bytes <> b.size_bytes
insert into store.problem
select
    'size_mismatch',
    'blobs/' || split_part(child.digest, ':', 1) || '/' || left(split_part(child.digest, ':', 2), 2) || '/'
        || split_part(child.digest, ':', 2) || '/data',
    null, child.digest,
    case when (select has_stored_sizes from store.source) then 'stored ' else 'elsewhere ' end || b.size_bytes || ' bytes, declared ' || f.size_bytes || ' by ' || min(parent.digest), null
from store.manifest_ref as f
join store.blob as b on b.digest_id = f.child_id
join store.digest as parent on parent.digest_id = f.parent_id
join store.digest as child on child.digest_id = f.child_id
where f.size_bytes is not null and f.size_bytes <> b.size_bytes and f.role <> 'subject'
    and exists (select 1 from store.revision_state as s where s.digest_id = f.parent_id)
group by child.digest, b.size_bytes, f.size_bytes;
