-- Manifests that something names: a link, a tag, its history. One row per digest.
create or replace temp view named_manifests as
select digest_id from store.revision
union select digest_id from store.tag where digest_id is not null
union select digest_id from store.tag_history
union  -- what 2.x takes for a manifest: a link below revisions may lead to a blob by way of a layer link
select l.digest_id
from store.layer_link as l
join (
    select repository_id, content_id from store.stray
    union all select repository_id, content_id from store.extra_link
    union all select repository_id, digest_id from store.revision where digest_id <> path_digest_id
) as x on x.repository_id = l.repository_id and x.content_id = l.path_digest_id
where l.is_link_valid;
