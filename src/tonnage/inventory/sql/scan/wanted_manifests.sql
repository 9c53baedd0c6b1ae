-- Manifests that something names, that are there, and that have not been read yet. One row per digest.
create or replace temp table wanted as
select digest_id
from (
    select digest_id from named_manifests
    union select child_id from store.manifest_ref where role = 'manifest'
)
where digest_id in (select digest_id from store.blob)
    and digest_id not in (select digest_id from store.manifest);
