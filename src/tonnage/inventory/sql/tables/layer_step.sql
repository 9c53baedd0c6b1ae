-- The build step that made each layer. One row per layer of which an image tells it.
create table store.layer_step (blob_id integer not null, config_id integer not null, position integer not null);
comment on table store.layer_step is 'The build step that made each layer, as the oldest image that holds it tells. One row per layer of which an image tells it.';
comment on column store.layer_step.blob_id is 'Digest of the layer.';
comment on column store.layer_step.config_id is 'Digest of the configuration of that image.';
comment on column store.layer_step.position is 'Position of the step in its history.';
