-- Build steps of images. One row per step.
create table store.history (
    config_id integer not null,
    position integer not null,
    layer_position integer,
    created varchar,
    created_at timestamp,
    created_by varchar,
    comment varchar
);
comment on table store.history is 'Build steps of images. One row per step.';
comment on column store.history.config_id is 'Digest of the image configuration.';
comment on column store.history.position is 'Position of the step from 0.';
comment on column store.history.layer_position is 'Position of the layer the step made; null for a step that made none.';
comment on column store.history.created is 'What the configuration says of when the step was run.';
comment on column store.history.created_at is 'When the step was run, UTC.';
comment on column store.history.created_by is 'The command of the step.';
comment on column store.history.comment is 'The builder''s comment.';
