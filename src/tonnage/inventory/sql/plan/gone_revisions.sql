-- Revisions that go, with their tags, what they need alone and with others, and when they were last used. One row per repository and digest.
with going as materialized (
    select repository_id, digest_id, min(step) as step, arg_min(reason, step) as reason
    from gone
    group by repository_id, digest_id
),
needed as materialized (
    select r.root_id, r.blob_id from store.reach as r where r.root_id in (select digest_id from going)
)
select
    p.repository,
    d.digest,
    coalesce(m.kind, 'missing') as kind,
    g.reason,
    coalesce(t.tags, []) as tags,
    coalesce(x.size_bytes, 0) as size_bytes,
    coalesce(x.exclusive_bytes, 0) as exclusive_bytes,
    u.used_at,
    case when u.unused_since_at < (select max(started_at) from store.scan) then u.unused_since_at end as unused_since_at
from going as g
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
left join store.manifest as m using (digest_id)
left join (
    select t.repository_id, t.digest_id, list(t.tag order by t.tag) as tags
    from store.tag as t
    join going as g on g.repository_id = t.repository_id and g.digest_id = t.digest_id
    group by t.repository_id, t.digest_id
) as t on t.repository_id = g.repository_id and t.digest_id = g.digest_id
left join (
    select
        r.root_id,
        cast(sum(u.size_bytes) as bigint) as size_bytes,
        cast(coalesce(sum(u.size_bytes) filter (where u.revisions_count = 1), 0) as bigint) as exclusive_bytes
    from needed as r
    join store.usage as u on u.blob_id = r.blob_id
    group by r.root_id
) as x on x.root_id = g.digest_id
left join store.last_use as u on u.repository_id = g.repository_id and u.digest_id = g.digest_id
order by p.repository, g.step, d.digest;
