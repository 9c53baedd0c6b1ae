-- Blobs that a repository may need whose index could not be read: never to be freed. One row per blob.
create table store.unlisted_blob (blob_id integer not null);
comment on table store.unlisted_blob is 'Blobs that a repository may need whose index could not be read: never to be freed. One row per blob.';
comment on column store.unlisted_blob.blob_id is 'Digest of the blob.';
