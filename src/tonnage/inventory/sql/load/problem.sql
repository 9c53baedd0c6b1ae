-- Oddities met while reading; one that several parts met counts once.
insert into store.problem
select distinct on (kind, path, digest, detail) kind, path, repository, digest, detail, part_id
from staged_problem
order by kind, path, digest, detail, repository, part_id;
