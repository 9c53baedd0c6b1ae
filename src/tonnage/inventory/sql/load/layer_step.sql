-- Find the build step that made each layer: the oldest image that holds it tells.
insert into store.layer_step
select child_id, config_id, position
from (
    select
        f.child_id,
        m.config_id,
        h.position,
        row_number() over (partition by f.child_id order by h.created_at nulls last, g.digest, h.position) as number
    from (
        select r.parent_id, coalesce(a.stored_id, r.child_id) as child_id, r.position
        from store.manifest_ref as r
        left join store.alias as a on a.digest_id = r.child_id
        where r.role = 'layer'
    ) as f
    join store.manifest as m on m.digest_id = f.parent_id
    join store.history as h on h.config_id = m.config_id and h.layer_position = f.position
    join store.digest as g on g.digest_id = m.config_id
)
where number = 1
order by child_id;
