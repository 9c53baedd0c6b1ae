-- Carry what the earlier scan read: digests of uncompressed layers.
insert into staged_diff_id
select s.digest, t.position, d.staged_id
from earlier.store.diff_id as t
join reused as s on s.digest_id = t.config_id
join known as d on d.digest_id = t.diff_id;
