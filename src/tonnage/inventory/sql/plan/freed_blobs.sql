-- Blobs that are freed, with their bytes, but for one of which copies stay elsewhere. One row per digest.
select d.digest, cast(sum(f.size_bytes) as bigint) as size_bytes
from freed as f
join store.digest as d on d.digest_id = f.blob_id
where not exists (
    select 1
    from store.digest as c
    join store.blob as b on b.digest_id = c.digest_id
    where c.digest = d.digest and c.digest_id not in (select blob_id from freed)
)
group by d.digest
order by d.digest;
