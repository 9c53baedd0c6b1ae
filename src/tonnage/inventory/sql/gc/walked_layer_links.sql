-- Layer links of some repositories: all, or only those that 2.x may take for a manifest's. One row per link.
with named as (
    select repository_id, digest_id from gc_revision where digest_id <> path_digest_id
    union select repository_id, content_id from store.stray where content_id is not null
    union select repository_id, content_id from store.extra_link where content_id is not null
)
select w.rank, p.digest as path_digest, case when l.is_link_valid then d.digest end as content
from gc_layer_link as l
join gc_walk as w using (repository_id)
join store.digest as p on p.digest_id = l.path_digest_id
join store.digest as d on d.digest_id = l.digest_id
where w.rank between $first_rank and $last_rank
    and (
        $all
        or exists (select 1 from named as n where n.repository_id = l.repository_id and n.digest_id = l.path_digest_id)
    );
