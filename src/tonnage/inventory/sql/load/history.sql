-- Build steps.
insert into store.history
select
    d.digest_id, h.position, h.layer_position, h.created, try_cast(h.created as timestamptz) at time zone 'UTC', h.created_by, h.comment
from staged_history as h
join numbered as d on d.staged_id = h.config_digest
order by d.digest_id, h.position;
