-- Revision links of some repositories. One row per link.
select w.rank, r.path_digest_id, case when r.is_link_valid then r.digest_id end as content_id
from gc_revision as r
join gc_walk as w using (repository_id)
where w.rank between $first_rank and $last_rank;
