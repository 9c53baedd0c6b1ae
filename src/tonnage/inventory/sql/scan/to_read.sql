-- What is wanted and has to be read, with its place where that is not where a registry keeps it. One row per digest.
-- In the order in which it was pushed to each repository: neighbours name the same layers and have the same build steps.
with pushed as (
    select digest, min(part_id) as part_id, min(modified_us) as modified_us
    from (
        select path_digest as digest, part_id, modified_us from staged_revision
        union all
        select m.config_digest, r.part_id, r.modified_us
        from staged_manifest as m
        join staged_revision as r on r.path_digest = m.digest
    )
    group by digest
)
select d.digest, min(f.path) as path
from wanted as w
join staged_digest as d on d.digest_id = w.digest
left join staged_layout_file as f on f.digest = w.digest and f.size_bytes > 0
left join pushed as p on p.digest = w.digest
where w.digest not in (select digest from reused)
group by d.digest
order by min(p.part_id), min(p.modified_us), d.digest;
