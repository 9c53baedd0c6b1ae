-- Build steps of images. One row per step.
create or replace view history as
select
    d.digest as config_digest,
    t.position,
    t.layer_position,
    t.created_at,
    t.created_by,
    t.comment
from store.history as t
join store.digest as d on d.digest_id = t.config_id and d.copy = 0;
comment on view history is 'Build steps of images. One row per step.';
comment on column history.config_digest is 'Digest of the image configuration.';
comment on column history.position is 'Position of the step from 0.';
comment on column history.layer_position is 'Position of the layer the step made; null for a step that made none.';
comment on column history.created_at is 'When the step was run, UTC.';
comment on column history.created_by is 'The command of the step.';
comment on column history.comment is 'The builder''s comment.';
