-- What is wanted and has to be read. One row per digest.
select digest
from wanted
where digest not in (select digest from settled)
order by digest;
