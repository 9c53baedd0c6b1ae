-- Tags of some repositories, those without a current link too. One row per tag.
select w.rank, t.tag, t.has_link, t.digest_id
from gc_tag as t
join gc_walk as w using (repository_id)
where w.rank between $first_rank and $last_rank;
