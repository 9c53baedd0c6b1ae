-- Digests of uncompressed layers.
insert into store.diff_id
select c.digest_id, i.position, d.digest_id
from staged_diff_id as i
join numbered as c on c.staged_id = i.config_digest
join numbered as d on d.staged_id = i.diff_id
order by c.digest_id, i.position;
