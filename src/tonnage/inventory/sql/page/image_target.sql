-- A revision by its repository and a tag or its digest. One row, or none.
with found as (
    select p.repository_id, s.digest_id, s.state, d.digest
    from store.repository as p
    join store.revision_state as s on s.repository_id = p.repository_id
    join store.digest as d on d.digest_id = s.digest_id
    where p.repository = $repository
        and (
            $digest <> '' and d.digest = $digest
            or s.digest_id in (select x.digest_id from store.tag as x where x.repository_id = p.repository_id and x.tag = $tag)
        )
    order by d.copy
    limit 1
)
select
    r.repository_id,
    r.digest_id,
    r.digest,
    coalesce(m.kind, 'missing') as kind,
    m.artifact_type,
    r.state,
    coalesce(t.pushed_at, v.pushed_at) as pushed_at,
    coalesce(t.tags, []) as tags,
    i.os || '/' || i.architecture || coalesce('/' || i.variant, '') as platform
from found as r
left join store.manifest as m on m.digest_id = r.digest_id
left join store.image as i on i.config_id = m.config_id
cross join (
    select list(x.tag order by x.tag) as tags, max(x.modified_at) as pushed_at
    from store.tag as x
    join found as r on r.repository_id = x.repository_id and r.digest_id = x.digest_id
) as t
cross join (
    select max(x.modified_at) as pushed_at
    from store.revision as x
    join found as r on r.repository_id = x.repository_id and r.digest_id = x.digest_id
) as v;
