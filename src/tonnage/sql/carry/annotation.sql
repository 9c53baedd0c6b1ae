-- Carry what the earlier scan read: annotations.
insert into staged_annotation
select t.digest_id, t.name, t.value
from earlier.store.annotation as t
join reused as s on s.digest = t.digest_id;
