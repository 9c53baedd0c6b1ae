-- Manifests that something names, that are there, and that have not been read yet. One row per digest.
create or replace temp table wanted as
select digest
from (
    select coalesce(content_digest, path_digest) as digest from staged_revision
    union select digest from staged_tag
    union select digest from staged_tag_history
    union select child from staged_manifest_ref where role = 'manifest'
    union  -- what 2.x takes for a manifest: a link below revisions may lead to a blob by way of a layer link
    select l.content_digest
    from staged_layer_link as l
    join (
        select repository, content_digest from staged_stray
        union all select repository, content_digest from staged_extra_link
        union all select repository, content_digest from staged_revision where content_digest <> path_digest
    ) as x on x.repository = l.repository and x.content_digest = l.path_digest
) as named
where digest in (select digest from staged_blob)
    and digest not in (select digest from staged_manifest);
