-- How each revision is held after the deletions, where there were any, by the rules of sql/load/revision_state.sql. One row
-- per revision of these repositories.
create or replace temp table gc_touched_state as
with recursive linked as (
    select distinct repository_id, digest_id
    from gc_revision
    where repository_id in (select repository_id from gc_deletion)
),
leads as materialized (
    select f.parent_id as holder_id, f.child_id as digest_id, 2 as rank
    from store.manifest_ref as f
    where f.role in ('manifest', 'index blob')
    union all
    select m.subject_id, m.digest_id, 3
    from store.manifest as m
    where m.subject_id is not null and m.digest_id in (select digest_id from linked)
),
held as (
    select t.repository_id, t.digest_id, 1 as rank
    from gc_tag as t
    join linked as l on l.repository_id = t.repository_id and l.digest_id = t.digest_id
    union
    select h.repository_id, next.digest_id, next.rank
    from held as h
    join leads as next on next.holder_id = h.digest_id
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
