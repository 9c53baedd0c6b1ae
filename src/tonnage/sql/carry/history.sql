-- Carry what the earlier scan read: build steps.
insert into staged_history
select t.config_id, t.position, t.layer_position, t.created, t.created_by, t.comment
from earlier.store.history as t
join reused as s on s.digest = t.config_id;
