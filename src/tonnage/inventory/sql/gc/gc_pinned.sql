-- Blobs that something may need that could not be read, and was not deleted before the collection. One row per blob.
create or replace temp view gc_pinned as
select distinct p.blob_id as digest_id
from store.pin as p
where p.revision_id is null
    or exists (
        select 1 from gc_state as s where s.repository_id = p.repository_id and s.digest_id = p.revision_id
    );
