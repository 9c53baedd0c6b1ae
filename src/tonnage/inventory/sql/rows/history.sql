-- Build steps.
insert into store.history
select config_digest, position, layer_position, created, try_cast(created as timestamptz) at time zone 'UTC', created_by, comment
from arrived;
