-- Which of some digests nothing marks that is in gc_mark. One row per digest.
select x.digest
from (select unnest(cast($digests as varchar[])) as digest) as x
left join store.digest as d using (digest)
where d.digest_id is null or d.digest_id not in (select digest_id from gc_mark);
