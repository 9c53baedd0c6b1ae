-- The places of the map that hold bytes, with the tags of those that are one revision. One row per place.
with tagged as (
    select repository_id, digest_id, count(*) as tags_count, list(tag order by modified_at desc nulls last, tag)[1:2] as tags
    from store.tag
    where digest_id is not null
    group by repository_id, digest_id
)
select
    g.place_id,
    g.class,
    g.level,
    g.namespace,
    p.repository,
    d.digest as revision,
    g.size_bytes,
    g.blobs_count,
    g.pushed_at,
    coalesce(t.tags_count, 0) as tags_count,
    coalesce(t.tags, []) as tags
from (
    select
        place_id,
        any_value(class) as class,
        any_value(level) as level,
        any_value(namespace) as namespace,
        any_value(repository_id) as repository_id,
        any_value(revision_id) as revision_id,
        cast(sum(size_bytes) as bigint) as size_bytes,
        count(*) as blobs_count,
        max(modified_at) as pushed_at
    from memory.kept.place
    group by place_id
) as g
left join store.repository as p on p.repository_id = g.repository_id
left join store.digest as d on d.digest_id = g.revision_id
left join tagged as t on t.repository_id = g.repository_id and t.digest_id = g.revision_id
order by g.size_bytes desc, g.place_id;
