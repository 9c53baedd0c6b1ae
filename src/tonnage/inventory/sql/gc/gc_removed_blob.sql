-- Blobs that the collection removes. One row per blob.
create or replace temp table gc_removed_blob (digest_id integer);
