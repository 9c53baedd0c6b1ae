-- Tags of some repositories. One row per tag.
select w.rank, t.tag, t.has_link, d.digest
from gc_own_tag as t
join gc_walk as w using (repository_id)
left join store.digest as d using (digest_id)
where w.rank between $first_rank and $last_rank;
