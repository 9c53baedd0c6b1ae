-- Which blobs each manifest needs, itself and what is below its indexes included. One row per manifest and blob.
create table store.reach (root_id integer not null, blob_id integer not null);
comment on table store.reach is 'Which blobs each manifest needs, itself and what is below its indexes included; only blobs that are there. One row per manifest and blob.';
comment on column store.reach.root_id is 'Digest of the manifest.';
comment on column store.reach.blob_id is 'Digest of a blob it needs, directly or through indexes.';
