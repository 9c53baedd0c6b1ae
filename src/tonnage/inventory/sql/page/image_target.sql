-- A revision by its repository and a tag or its digest. One row, or none.
select
    p.repository_id,
    s.digest_id,
    d.digest,
    coalesce(m.kind, 'missing') as kind,
    m.artifact_type,
    s.state,
    coalesce(t.pushed_at, r.pushed_at) as pushed_at,
    coalesce(t.tags, []) as tags,
    i.os || '/' || i.architecture || coalesce('/' || i.variant, '') as platform
from store.repository as p
join store.revision_state as s on s.repository_id = p.repository_id
join store.digest as d on d.digest_id = s.digest_id
left join store.manifest as m on m.digest_id = s.digest_id
left join store.image as i on i.config_id = m.config_id
left join (
    select repository_id, digest_id, list(tag order by tag) as tags, max(modified_at) as pushed_at
    from store.tag
    group by repository_id, digest_id
) as t on t.repository_id = s.repository_id and t.digest_id = s.digest_id
left join (
    select repository_id, digest_id, max(modified_at) as pushed_at from store.revision group by repository_id, digest_id
) as r on r.repository_id = s.repository_id and r.digest_id = s.digest_id
where p.repository = $repository
    and (
        $digest <> '' and d.digest = $digest
        or s.digest_id in (select x.digest_id from store.tag as x where x.repository_id = p.repository_id and x.tag = $tag)
    )
limit 1;
