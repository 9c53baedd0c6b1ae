-- Oddities in the storage by kind; the reference of problems explains them. One row per kind.
-- type: gauge
select k.kind, k.severity, count(p.kind) as value
from problem_kind as k
left join problem as p on p.kind = k.kind
group by k.kind, k.severity
order by k.kind;
