-- Tag history of revisions that are to go, in some repositories. One row per tag and digest.
select w.rank, h.tag, d.digest
from gc_tag_history as h
join gc_walk as w using (repository_id)
join gc_eligible as e on e.repository_id = h.repository_id and e.digest_id = h.digest_id
join store.digest as d on d.digest_id = h.digest_id
where w.rank between $first_rank and $last_rank;
