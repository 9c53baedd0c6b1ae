-- What is wanted and has to be read. One row per digest.
select d.digest
from wanted as w
join staged_digest as d on d.staged_id = w.digest
where w.digest not in (select digest from settled)
order by d.digest;
