-- What was asked for and stays, but for what a policy keeps anyway. One row per repository and digest.
select
    p.repository,
    d.digest,
    coalesce(list(distinct a.tag order by a.tag) filter (where a.tag is not null), []) as tags,
    min(q.reason) as reason
from asked as a
join protected as q using (repository_id, digest_id)
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
where q.reason <> 'the policy keeps it'
group by p.repository, d.digest
order by p.repository, d.digest;
