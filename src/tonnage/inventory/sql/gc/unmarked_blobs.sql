-- Blobs that nothing marks. One row per blob.
select d.digest from gc_unmarked_blob join store.digest as d using (digest_id);
