-- Carry what the earlier scan read: labels.
insert into staged_label
select t.config_id, t.name, t.value
from earlier.store.label as t
join reused as s on s.digest = t.config_id;
