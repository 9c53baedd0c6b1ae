-- Carry what the earlier scan read: digests of uncompressed layers.
insert into staged_diff_id
select s.digest, t.position, f.digest
from earlier.store.diff_id as t
join reused as s on s.digest_id = t.config_id
join earlier.store.digest as f on f.digest_id = t.diff_id;
