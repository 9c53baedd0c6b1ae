-- Carry what the earlier scan listed in parts that did not change: oddities.
insert into staged_problem
select t.kind, t.path, t.repository, t.digest, t.detail, c.part_id
from earlier.store.problem as t
join carried as c on c.earlier_id = t.part_id;
