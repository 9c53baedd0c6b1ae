-- Blobs that something may need that could not be read: never safe to free. One row per blob and what may need it.
create table store.pin (blob_id integer not null, repository_id integer, revision_id integer);
comment on table store.pin is 'Blobs that something may need that could not be read: never safe to free. One row per blob and what may need it.';
comment on column store.pin.blob_id is 'Digest of the blob.';
comment on column store.pin.repository_id is 'Repository of the manifest that cannot be read; null where nobody knows what may need the blob.';
comment on column store.pin.revision_id is 'Digest of the manifest that cannot be read: once it is deleted, it needs nothing; null where nobody knows.';
