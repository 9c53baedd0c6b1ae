-- Blobs that the collection removes. One row per blob.
select
    d.digest,
    b.size_bytes,
    u.role,
    s.digest_id is not null as is_safe,
    coalesce(h.repositories_count, 0) as repositories_count,
    h.repository,
    b.modified_at
from gc_removed_blob as x
join store.blob as b using (digest_id)
join store.digest as d using (digest_id)
join store.usage as u on u.blob_id = x.digest_id
left join gc_safe as s using (digest_id)
left join (
    select l.digest_id, count(distinct p.repository) as repositories_count, min(p.repository) as repository
    from (
        select repository_id, digest_id from store.layer_link
        union select repository_id, digest_id from store.revision
    ) as l
    join store.repository as p using (repository_id)
    group by l.digest_id
) as h using (digest_id)
order by b.size_bytes desc, d.digest;
