-- Problems that are more than a note. One row per severity.
select severity, count(*) as problems_count
from problem
where severity <> 'note'
group by severity
order by severity;
