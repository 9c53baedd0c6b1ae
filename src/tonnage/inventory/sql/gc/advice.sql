-- What to do about something that stops the collection: the problem at that very path, digest or repository. One row.
select k.advice
from store.problem as p
join store.problem_kind as k using (kind)
where p.path = $path
    or p.digest = $digest and k.blocks_gc is not null
    or starts_with($path, p.path || '/') and k.blocks_gc is not null
order by p.path is distinct from $path, p.digest is distinct from $digest, length(p.path) desc, k.advice
limit 1;
