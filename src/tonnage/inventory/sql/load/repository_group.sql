-- Group blobs by the repositories that need them. What is asked of every blob of every repository, as who shares what
-- with whom in whatever grouping, can then be asked of groups, of which there are far fewer.
create or replace temp table needed_by as
select distinct r.blob_id, s.repository_id
from store.reach as r
join store.revision_state as s on s.digest_id = r.root_id;
create or replace temp table grouped_blob as
with summed as (
    -- Sums of hashes stand for the repositories: what has the same ones is needed by the same. Sums, and not lists, as
    -- these take the same room for however many.
    select
        blob_id,
        count(*) as repositories_count,
        sum(cast(hash(repository_id) as hugeint)) as first_sum,
        sum(cast(hash(repository_id, 'other') as hugeint)) as second_sum
    from needed_by
    group by blob_id
),
numbered as (
    select repositories_count, first_sum, second_sum, min(blob_id) as group_id
    from summed
    group by repositories_count, first_sum, second_sum
)
select s.blob_id, s.repositories_count, n.group_id
from summed as s
join numbered as n
    on n.repositories_count = s.repositories_count and n.first_sum = s.first_sum and n.second_sum = s.second_sum;
insert into store.repository_group
select n.repository_id, n.blob_id
from needed_by as n
where n.blob_id in (select group_id from grouped_blob)
order by n.repository_id, n.blob_id;
drop table needed_by;
