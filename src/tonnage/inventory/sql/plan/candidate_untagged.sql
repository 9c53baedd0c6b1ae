-- Revisions no tag leads to, for a policy to judge. One row per repository and revision.
select
    p.repository,
    d.digest,
    m.kind,
    epoch(max(r.modified_at)) as pushed_seconds,
    epoch((select max(started_at) from store.scan) - max(u.used_at)) as used_seconds,
    epoch((select max(started_at) from store.scan) - max(u.unused_since_at)) as unused_seconds
from store.revision_state as s
join store.revision as r on r.repository_id = s.repository_id and r.digest_id = s.digest_id
join store.repository as p on p.repository_id = s.repository_id
join store.digest as d on d.digest_id = s.digest_id
join store.manifest as m on m.digest_id = s.digest_id
left join store.last_use as u on u.repository_id = s.repository_id and u.digest_id = s.digest_id
where s.state = 'untagged'
group by p.repository, d.digest, m.kind
order by p.repository, d.digest;
