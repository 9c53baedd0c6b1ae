-- Digests that are marked, and the rank of the first repository that does it: 2.x marks what a revision refers to, 3.x all
-- the way down. Without -m every revision is one to begin with. One row per digest; what is marked step by step is added.
create or replace temp table gc_mark as
with recursive nested as (
    select f.parent_id, f.child_id
    from store.manifest_ref as f
    join gc_collector as c on c.version = 3 and c.delete_untagged
    where f.role in ('config', 'layer', 'manifest', 'index blob')
        and f.child_id in (select digest_id from store.revision)
        and f.child_id not in (select digest_id from gc_half_marked)
),
root as (
    select r.digest_id, min(p.rank) as rank
    from gc_linked as r
    join gc_plain as p using (repository_id)
    cross join gc_collector as c
    where r.is_tagged or not c.delete_untagged
    group by r.digest_id
),
followed as (
    select digest_id, rank from root
    union
    select n.child_id, f.rank from followed as f join nested as n on n.parent_id = f.digest_id
),
first as (
    select digest_id, min(rank) as rank from followed group by digest_id
)
select digest_id, min(rank) as rank
from (
    select digest_id, rank from first
    union all
    select f.child_id, x.rank
    from first as x
    join store.manifest_ref as f on f.parent_id = x.digest_id
    where f.role in ('config', 'layer', 'manifest', 'index blob')
)
group by digest_id;
