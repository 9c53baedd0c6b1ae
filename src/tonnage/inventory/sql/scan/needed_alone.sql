-- Layers and configs that one revision alone needs. One row per blob.
create or replace temp view needed_alone as
select s.repository_id, n.digest_id, n.blob_id
from store.manifest_blob as n
join store.usage as u on u.blob_id = n.blob_id and u.manifests_count = 1 and u.repositories_count = 1
join store.revision_state as s on s.digest_id = n.digest_id
where n.blob_id <> n.digest_id;
