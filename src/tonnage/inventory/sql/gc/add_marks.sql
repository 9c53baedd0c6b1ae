-- Add what was marked step by step; returns how many of that have a number.
insert into gc_mark
select d.digest_id, x.rank
from (select unnest(cast($digests as varchar[])) as digest, unnest(cast($ranks as integer[])) as rank) as x
join store.digest as d using (digest);
