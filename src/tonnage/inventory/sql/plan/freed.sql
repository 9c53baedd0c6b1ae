-- Blobs that are freed; what something that could not be read may need is not. One row per blob.
create or replace temp view freed as
select blob_id, size_bytes, is_orphaned from freeable where not is_pinned;
