-- What is wanted, with its place where that is not where a registry keeps it. One row per digest.
-- Only where there is: wanted
-- In the order in which it was pushed to each repository: neighbours name the same layers and have the same build steps.
with pushed as (
    select digest_id, min(part_id) as part_id, min(modified_at) as modified_at
    from (
        select path_digest_id as digest_id, part_id, modified_at from store.revision
        union all
        select m.config_id, r.part_id, r.modified_at
        from store.manifest as m
        join store.revision as r on r.path_digest_id = m.digest_id
    )
    where digest_id in (select digest_id from wanted)
    group by digest_id
)
select d.digest, min(f.path) as path
from wanted as w
join store.digest as d using (digest_id)
left join store.layout_file as f on f.digest_id = w.digest_id and f.size_bytes > 0
left join pushed as p on p.digest_id = w.digest_id
group by d.digest
order by min(p.part_id), min(p.modified_at), d.digest;
