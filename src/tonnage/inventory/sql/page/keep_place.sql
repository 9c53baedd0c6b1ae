-- Keep where each blob lies, with the number of its place, so that a page and the effect of a basket need not work it out again.
create or replace table memory.kept.place as
select
    p.blob_id,
    p.size_bytes,
    dense_rank() over (
        order by
            p.class, p.level, p.namespace, p.repository_id,
            case when p.class = 'tagged' then p.revision_id end
    ) as place_id,
    p.class,
    p.level,
    p.namespace,
    p.repository_id,
    case when p.class = 'tagged' then p.revision_id end as revision_id,
    b.modified_at
from store.place as p
join store.blob as b on b.digest_id = p.blob_id;
