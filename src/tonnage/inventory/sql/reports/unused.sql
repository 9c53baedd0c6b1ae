-- What nobody has used for long, by the bytes that deleting it frees: tagged or not. One row per revision.
-- $not_used_for days 90: surely not pulled, nor pushed, since this many days before the scan
-- $repository repository any: only in these repositories
-- tag: one of its tags; null for one that no tag leads to
-- tags_count: number of its tags
-- unused_since_at: since when it was surely not used, UTC
-- Needs: uses
-- Example: tonnage unused --not-used-for 90d --repository ml/notebook
with found as (
    select
        u.repository,
        u.unused_since_at,
        u.frees_alone_bytes,
        u.stored_bytes,
        u.digest,
        u.used_at,
        u.pushed_at,
        u.kind
    from revision_usage as u
    where u.repository like $repository escape '!'
        and u.state in ('tag', 'untagged')
        and u.unused_since_at <= (select max(started_at) from scan) - $not_used_for * interval '1 day'
),
tagged as (
    -- Of what was found alone, which is little of all tags where most is in use.
    select t.repository, t.digest, min(t.tag) as tag, count(*) as tags_count
    from found as f
    join tag as t on t.repository = f.repository and t.digest = f.digest
    group by t.repository, t.digest
)
select
    f.repository,
    t.tag,
    f.unused_since_at,
    f.frees_alone_bytes,
    f.stored_bytes,
    f.digest,
    f.used_at,
    f.pushed_at,
    coalesce(t.tags_count, 0) as tags_count,
    f.kind
from found as f
left join tagged as t on t.repository = f.repository and t.digest = f.digest
order by f.frees_alone_bytes desc nulls last, f.stored_bytes desc, f.repository, f.digest;
