-- Keep the digests met, each once.
insert into staged_digest
select staged_id, any_value(digest)
from met_digest
where staged_id not in (select staged_id from staged_digest)
group by staged_id;
