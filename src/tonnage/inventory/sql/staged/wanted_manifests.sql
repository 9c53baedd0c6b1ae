-- Manifests that staged rows name, that are there, and that have not been read yet. One row per digest.
-- The same as sql/scan has it, by texts: whatever reads a storage in stages asks this before each.
select n.digest
from (
    select coalesce(content_digest, path_digest) as digest from staged_revision
    union select digest from staged_tag
    union select digest from staged_tag_history
    union  -- what 2.x takes for a manifest: a link below revisions may lead to a blob by way of a layer link
    select l.content_digest
    from staged_layer_link as l
    join (
        select repository, content_digest from staged_stray
        union all select repository, content_digest from staged_extra_link
        union all select repository, content_digest from staged_revision where content_digest <> path_digest
    ) as x on x.repository = l.repository and x.content_digest = l.path_digest
    union select child from staged_manifest_ref where role = 'manifest'
) as n
where exists (select 1 from staged_blob as b where b.digest = n.digest)
    and not exists (select 1 from staged_manifest as m where m.digest = n.digest);
