-- Add what goes to gc_removed_history: that of repositories without oddities before a rank, and by digest.
insert into gc_removed_history
select h.repository_id, h.tag, h.digest_id
from gc_tag_history as h
join gc_plain_eligible as e using (repository_id, digest_id)
where e.rank < $end_rank
union all
select p.repository_id, x.tag, d.digest_id
from (
    select
        unnest(cast($repositories as varchar[])) as repository,
        unnest(cast($tags as varchar[])) as tag,
        unnest(cast($digests as varchar[])) as digest
) as x
join store.repository as p using (repository)
join store.digest as d using (digest);
