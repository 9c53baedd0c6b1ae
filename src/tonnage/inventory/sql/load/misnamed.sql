-- Blobs whose name is not a digest and that nothing calls by that name are strays: the registry has no such blob.
-- Only where there is: store.digest where length(digest) not in (71, 103, 135)
create or replace temp table misnamed as
select b.digest_id, d.digest, b.size_bytes, b.modified_at, b.part_id
from store.blob as b
join store.digest as d using (digest_id)
where length(d.digest) not in (71, 103, 135)
    and not exists (select 1 from store.revision as r where b.digest_id in (r.digest_id, r.path_digest_id))
    and not exists (select 1 from store.layer_link as l where b.digest_id in (l.digest_id, l.path_digest_id))
    and not exists (select 1 from store.tag as t where t.digest_id = b.digest_id)
    and not exists (select 1 from store.tag_history as t where t.digest_id = b.digest_id)
    and not exists (select 1 from store.extra_link as l where b.digest_id in (l.digest_id, l.content_id))
    and not exists (select 1 from store.stray as s where s.content_id = b.digest_id)
    and not exists (select 1 from store.manifest as m where m.subject_id = b.digest_id)
    and not exists (select 1 from store.manifest_ref as f where f.child_id = b.digest_id)
    and not exists (select 1 from store.diff_id as i where i.diff_id = b.digest_id);
delete from store.blob where digest_id in (select digest_id from misnamed);
delete from store.digest where digest_id in (select digest_id from misnamed);
insert into store.stray
select
    'blobs/' || split_part(digest, ':', 1) || '/' || left(split_part(digest, ':', 2), 2) || '/' || split_part(digest, ':', 2) || '/data',
    null, null, size_bytes, modified_at, null, part_id
from misnamed;
update store.problem set kind = 'stray_blob_path', digest = null
where kind = 'short_digest' and digest in (select digest from misnamed);
