-- What nobody has used for long, by the bytes that deleting it frees: tagged or not. One row per revision.
-- $not_used_for days 90: surely not pulled, nor pushed, since this many days before the scan
-- $repository repository any: only in these repositories
-- tag: one of its tags; null for one that no tag leads to
-- tags_count: number of its tags
-- unused_since_at: since when it was surely not used, UTC
-- Needs: uses
-- Example: tonnage unused --not-used-for 90d --repository ml/notebook
with tagged as (
    select repository, digest, min(tag) as tag, count(*) as tags_count from tag group by repository, digest
)
select
    u.repository,
    t.tag,
    u.unused_since_at,
    u.frees_alone_bytes,
    u.stored_bytes,
    u.digest,
    u.used_at,
    u.pushed_at,
    coalesce(t.tags_count, 0) as tags_count,
    u.kind
from revision_usage as u
left join tagged as t on t.repository = u.repository and t.digest = u.digest
where u.repository like $repository escape '!'
    and u.state in ('tag', 'untagged')
    and u.unused_since_at <= (select max(started_at) from scan) - $not_used_for * interval '1 day'
order by u.frees_alone_bytes desc nulls last, u.stored_bytes desc, u.repository, u.digest;
