-- Tags, for a policy to judge. One row per repository and tag that leads to a revision.
select
    p.repository,
    t.tag,
    d.digest,
    m.kind,
    epoch(t.modified_at) as pushed_seconds,
    epoch(coalesce(i.created_at, c.created_at)) as created_seconds,
    exists (
        select 1 from store.referrer_tag as f where f.repository_id = t.repository_id and f.tag = t.tag
    )
    or exists (
        select 1
        from store.revision_state as s
        where s.repository_id = t.repository_id and s.digest_id = m.subject_id
    ) as has_subject,
    epoch((select max(started_at) from store.scan) - u.used_at) as used_seconds,
    epoch((select max(started_at) from store.scan) - u.unused_since_at) as unused_seconds
from store.tag as t
join store.repository as p on p.repository_id = t.repository_id
join store.digest as d on d.digest_id = t.digest_id
join store.manifest as m on m.digest_id = t.digest_id
left join store.last_use as u on u.repository_id = t.repository_id and u.digest_id = t.digest_id
left join store.image as i on i.config_id = m.config_id
left join (
    select f.parent_id, max(ci.created_at) as created_at
    from store.manifest_ref as f
    join store.manifest as cm on cm.digest_id = f.child_id
    join store.image as ci on ci.config_id = cm.config_id
    where f.role = 'manifest'
    group by f.parent_id
) as c on c.parent_id = t.digest_id
order by p.repository, t.tag;
