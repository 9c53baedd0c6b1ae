-- Manifests that something names, that are there, and that have not been read yet. One row per digest.
select digest
from (
    select coalesce(content_digest, path_digest) as digest from staged_revision
    union select digest from staged_tag
    union select digest from staged_tag_history
    union select child from staged_manifest_ref where role = 'manifest'
) as named
where digest in (select digest from staged_blob)
    and digest not in (select digest from staged_manifest)
order by digest;
