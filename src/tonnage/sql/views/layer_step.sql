-- The build step that made each layer, as the oldest image that holds it tells. One row per layer with a known step.
create or replace view layer_step as
select d.digest, s.created_by, s.created_at, c.digest as config_digest
from (
    select
        f.child_id,
        h.created_by,
        h.created_at,
        h.config_id,
        row_number() over (partition by f.child_id order by h.created_at nulls last, h.config_id, h.position) as number
    from store.manifest_ref as f
    join store.manifest as m on m.digest_id = f.parent_id
    join store.history as h on h.config_id = m.config_id and h.layer_position = f.position
    where f.role = 'layer'
) as s
join store.digest as d on d.digest_id = s.child_id
join store.digest as c on c.digest_id = s.config_id
where s.number = 1;
comment on view layer_step is 'The build step that made each layer, as the oldest image that holds it tells. One row per layer with a known step.';
comment on column layer_step.digest is 'Digest of the layer.';
comment on column layer_step.created_by is 'Command of the step.';
comment on column layer_step.created_at is 'When it was run, UTC.';
comment on column layer_step.config_digest is 'Image configuration that tells of it.';
