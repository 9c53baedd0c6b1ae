-- Blobs whose name is no digest and that nothing calls by that name are strays: the registry has no such blob.
create temp table misnamed as
select b.digest as digest_id, d.digest, b.size_bytes, b.modified_us, b.part_id
from staged_blob as b
join staged_digest as d on d.digest_id = b.digest
where length(d.digest) not in (71, 103, 135)
    and not exists (select 1 from staged_revision as r where r.path_digest = b.digest or r.content_digest = b.digest)
    and not exists (select 1 from staged_layer_link as l where l.path_digest = b.digest or l.content_digest = b.digest)
    and not exists (select 1 from staged_tag as t where t.digest = b.digest)
    and not exists (select 1 from staged_tag_history as t where t.digest = b.digest)
    and not exists (select 1 from staged_extra_link as l where l.digest = b.digest or l.content_digest = b.digest)
    and not exists (select 1 from staged_stray as s where s.content_digest = b.digest)
    and not exists (select 1 from staged_manifest as m where m.subject = b.digest)
    and not exists (select 1 from staged_manifest_ref as f where f.child = b.digest)
    and not exists (select 1 from staged_diff_id as i where i.diff_id = b.digest);
delete from staged_blob where digest in (select digest_id from misnamed);
delete from staged_digest where digest_id in (select digest_id from misnamed);
insert into staged_stray
select
    'blobs/' || split_part(digest, ':', 1) || '/' || left(split_part(digest, ':', 2), 2) || '/' || split_part(digest, ':', 2) || '/data',
    null, null, size_bytes, modified_us, null, part_id
from misnamed;
update staged_problem set kind = 'stray_blob_path', digest = null
where kind = 'short_digest' and digest in (select digest from misnamed);
