-- Units that may go, for the solver: those that are not protected. One row per unit.
select
    u.unit_id,
    p.repository,
    d.digest,
    u.tags_count,
    epoch((select max(started_at) from store.scan)) - epoch(u.pushed_at) as age_seconds
from unit as u
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
where not exists (
    select 1 from protected as q where q.repository_id = u.repository_id and q.digest_id = u.digest_id
)
order by u.unit_id;
