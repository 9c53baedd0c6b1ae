-- Blobs: layers, configs and manifests as stored. One row per blob.
create table store.blob (digest_id integer not null, size_bytes bigint not null, modified_at timestamp, part_id integer not null);
comment on table store.blob is 'Blobs: layers, configs and manifests as stored. One row per blob.';
comment on column store.blob.digest_id is 'Digest of the blob, as its path spells it.';
comment on column store.blob.size_bytes is 'Stored size in bytes: the size of the file. Over HTTP what manifests declare, unless the registry was asked.';
comment on column store.blob.modified_at is 'When the file was last written, UTC: about when it was pushed.';
comment on column store.blob.part_id is 'Part of the storage it was listed with.';
