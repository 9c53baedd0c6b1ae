-- What was to go and is protected, but for what a policy keeps anyway. One row per repository and digest.
select p.repository, d.digest, coalesce(list(distinct x.tag order by x.tag) filter (where x.tag is not null), []), min(q.reason)
from protected as q
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
left join gone_tag as x on x.repository_id = q.repository_id and x.digest_id = q.digest_id
where q.reason <> 'the policy keeps it'
    and (
        x.tag is not null
        or exists (select 1 from gone as g where g.repository_id = q.repository_id and g.digest_id = q.digest_id)
    )
group by p.repository, d.digest
order by p.repository, d.digest;
