-- Digests of uncompressed layers.
insert into store.diff_id
select c.digest_id, i.position, d.digest_id
from staged_diff_id as i
join store.digest as c on c.digest = i.config_digest
join store.digest as d on d.digest = i.diff_id
order by c.digest_id, i.position;
