-- Revisions that the collection removes. One row per repository and revision.
select
    p.repository,
    d.digest,
    m.kind,
    case s.state when 'index' then 'child of a tagged index' when 'referrer' then 'referrer of an image that stays' else s.state end as held_by,
    max(r.modified_at) as pushed_at
from gc_removed_revision as x
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
left join gc_state as s on s.repository_id = x.repository_id and s.digest_id = x.digest_id
left join store.manifest as m on m.digest_id = x.digest_id
left join store.revision as r on r.repository_id = x.repository_id and r.path_digest_id = x.digest_id
group by p.repository, d.digest, m.kind, s.state
order by p.repository, d.digest;
