-- What is odd in the storage, notes left out. tonnage problems
select p.kind, p.severity, count(*) as problems_count, k.advice
from "$schema".problem as p
left join "$schema".problem_kind as k on k.kind = p.kind
where p.severity <> 'note'
group by p.kind, p.severity, k.advice
order by p.severity, problems_count desc, p.kind
