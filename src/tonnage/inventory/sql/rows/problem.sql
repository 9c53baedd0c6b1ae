-- Oddities met while reading.
insert into store.problem
select kind, path, repository, digest, detail, part_id
from arrived;
