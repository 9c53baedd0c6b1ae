-- Blobs. One row per blob.
select digest_id from store.blob order by digest_id;
