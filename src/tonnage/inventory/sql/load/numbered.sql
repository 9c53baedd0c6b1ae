-- Number every digest, in the order of its text. One row per digest.
create temp table numbered as
select cast(row_number() over (order by digest) - 1 as integer) as digest_id, staged_id, digest
from staged_digest;
