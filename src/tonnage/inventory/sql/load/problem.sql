-- An oddity that several parts met counts once.
-- Only where there is: store.problem
create or replace temp table met as
select distinct on (kind, path, digest, detail) kind, path, repository, digest, detail, part_id
from store.problem
order by kind, path, digest, detail, repository, part_id;
delete from store.problem;
insert into store.problem from met;
