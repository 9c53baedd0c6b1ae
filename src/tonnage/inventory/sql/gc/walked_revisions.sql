-- Revision links of some repositories: the digest of the path, and the one inside. One row per link.
select w.rank, p.digest as path_digest, case when r.is_link_valid then d.digest end as content
from gc_revision as r
join gc_walk as w using (repository_id)
join store.digest as p on p.digest_id = r.path_digest_id
join store.digest as d on d.digest_id = r.digest_id
where w.rank between $first_rank and $last_rank;
