-- Carry what the earlier scan read: digests of uncompressed layers.
insert into staged_diff_id
select t.config_id, t.position, t.diff_id
from earlier.store.diff_id as t
join reused as s on s.digest = t.config_id;
