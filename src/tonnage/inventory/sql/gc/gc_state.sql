-- How each revision is held after the deletions, as store.revision_state says it without any. One row per revision.
create or replace temp table gc_state as
with recursive linked as (
    select distinct repository_id, digest_id from gc_revision
),
held as (
    select t.repository_id, t.digest_id, 1 as rank
    from gc_tag as t
    join linked as l on l.repository_id = t.repository_id and l.digest_id = t.digest_id
    union
    select h.repository_id, next.digest_id, next.rank
    from held as h
    join (
        select parent_id as holder_id, child_id as digest_id, 2 as rank from store.manifest_ref where role = 'manifest'
        union all
        select subject_id, digest_id, 3 from store.manifest where subject_id is not null
    ) as next on next.holder_id = h.digest_id
    where next.rank = 2
        or exists (
            select 1 from linked as l where l.repository_id = h.repository_id and l.digest_id = next.digest_id
        )
),
best as (
    select repository_id, digest_id, min(rank) as rank from held group by repository_id, digest_id
)
select
    l.repository_id,
    l.digest_id,
    case b.rank when 1 then 'tag' when 2 then 'index' when 3 then 'referrer' else 'untagged' end as state
from linked as l
left join best as b using (repository_id, digest_id);
