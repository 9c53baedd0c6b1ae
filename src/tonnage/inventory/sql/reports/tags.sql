-- Tags by the bytes only they lead to; tags on the same digest are one tag for the disk. One row per tag.
-- $repository text any: only tags of this repository
-- $older_than days 0: only tags pushed at least this many days before the scan, or at a time unknown
-- frees_alone_bytes: what only this digest holds, with all its index lists, revisions without a tag counted too
-- Example: tonnage tags --repository ml/training --older-than 90d
select
    t.repository,
    t.tag,
    t.exclusive_bytes,
    t.shared_bytes,
    t.stored_bytes,
    t.pushed_at,
    t.kind,
    t.tags_on_digest_count,
    t.digest,
    case when t.stored_bytes is not null then coalesce(p.frees_alone_bytes, 0) end as frees_alone_bytes
from tag_usage as t
left join (
    select repository, revision, cast(sum(size_bytes) as bigint) as frees_alone_bytes
    from place
    where level = 'revision'
    group by repository, revision
) as p on p.repository = t.repository and p.revision = t.digest
where $repository in ('any', t.repository)
    and (
        $older_than = 0
        or t.pushed_at is null
        or t.pushed_at < (select max(started_at) from scan) - $older_than * interval 1 day
    )
order by t.exclusive_bytes desc nulls last, t.stored_bytes desc nulls last, t.repository, t.tag;
