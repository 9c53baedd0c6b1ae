-- Digests that are marked, and the rank of the first repository that does it: each revision's, and what it refers to. With
-- -m only tags make a beginning; for 3.x -m what they lead to is in gc_below. One row per digest; what is marked step by
-- step is added.
create or replace temp table gc_mark as
with root as (
    select r.digest_id, p.rank
    from gc_linked as r
    join gc_plain as p using (repository_id)
    cross join gc_collector as c
    where r.is_tagged or not c.delete_untagged
    union all
    select digest_id, rank from gc_below
),
first as (
    select digest_id, min(rank) as rank from root group by digest_id
)
select digest_id, min(rank) as rank
from (
    select digest_id, rank from first
    union all
    select f.child_id, x.rank
    from first as x
    join store.manifest_ref as f on f.parent_id = x.digest_id
    where f.role <> 'subject' and f.role <> 'artifact blob'
)
group by digest_id;
