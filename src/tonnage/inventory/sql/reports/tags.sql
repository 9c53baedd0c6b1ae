-- Tags by the bytes that deleting them frees, one at a time; a tag beside which another holds the image frees none. One row per tag.
-- $repository repository any: only tags of these repositories
-- $tag tag any: only tags of this name
-- $older_than days 0: only tags pushed at least this many days before the scan, or at a time unknown
-- Example: tonnage tags --repository ml/training --older-than 90d
select
    t.repository,
    t.tag,
    t.frees_alone_bytes,
    t.exclusive_bytes,
    t.shared_bytes,
    t.stored_bytes,
    t.pushed_at,
    t.kind,
    t.tags_on_digest_count,
    t.digest,
    t.used_at,
    t.unused_since_at
from tag_usage as t
-- `like '%'` alone would be taken for few rows, and each join then hold all of them in memory.
where ($repository = '%' or t.repository like $repository escape '!')
    and ($tag = '%' or t.tag like $tag escape '!')
    and (
        $older_than = 0
        or t.pushed_at is null
        or t.pushed_at < (select max(started_at) from scan) - $older_than * interval '1 day'
    )
order by
    t.frees_alone_bytes desc nulls last,
    t.exclusive_bytes desc nulls last,
    t.stored_bytes desc nulls last,
    t.repository,
    t.tag;
