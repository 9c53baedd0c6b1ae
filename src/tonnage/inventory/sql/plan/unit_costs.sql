-- Units that may go, for the solver: neither protected nor just pushed without a tag, which may be on its way. One row per unit.
select
    u.unit_id,
    p.repository,
    d.digest,
    u.tags_count,
    epoch(s.started_at) - epoch(u.pushed_at) as age_seconds
from unit as u
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
cross join (select max(started_at) as started_at from store.scan) as s
where not exists (
    select 1 from protected as q where q.repository_id = u.repository_id and q.digest_id = u.digest_id
)
order by u.unit_id;
