-- Digests of the uncompressed layers of images. One row per image configuration and layer.
create table store.diff_id (config_id integer not null, position integer not null, diff_id integer not null);
comment on table store.diff_id is 'Digests of the uncompressed layers of images. One row per image configuration and layer.';
comment on column store.diff_id.config_id is 'Digest of the image configuration.';
comment on column store.diff_id.position is 'Position of the layer from 0.';
comment on column store.diff_id.diff_id is 'Digest of the layer''s uncompressed content: equal content, equal digest, however it was compressed.';
