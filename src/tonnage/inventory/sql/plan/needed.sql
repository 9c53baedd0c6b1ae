-- Blobs that what is gone needs. One row per blob.
create or replace temp table needed as
select distinct r.blob_id
from gone as g
join store.reach as r on r.root_id = g.digest_id;
