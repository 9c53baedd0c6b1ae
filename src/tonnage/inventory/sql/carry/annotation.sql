-- Carry what the earlier scan read: annotations.
insert into staged_annotation
select s.digest, t.name, t.value
from earlier.store.annotation as t
join reused as s using (digest_id);
