-- Carry what the earlier scan read: build steps.
insert into staged_history
select s.digest, t.position, t.layer_position, t.created, t.created_by, t.comment
from earlier.store.history as t
join reused as s on s.digest_id = t.config_id;
