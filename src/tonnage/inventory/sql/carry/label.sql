-- Carry what the earlier scan read: labels.
insert into staged_label
select s.digest, t.name, t.value
from earlier.store.label as t
join reused as s on s.digest_id = t.config_id;
