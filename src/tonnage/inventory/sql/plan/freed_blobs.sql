-- Blobs that are freed, with their bytes, but for one of which copies stay elsewhere. One row per digest.
with copied as (
    select digest from store.digest where copy > 0
),
staying as (
    select c.digest
    from store.digest as c
    join store.blob as b on b.digest_id = c.digest_id
    where c.digest in (select digest from copied) and c.digest_id not in (select blob_id from freed)
)
select d.digest, cast(sum(f.size_bytes) as bigint) as size_bytes
from freed as f
join store.digest as d on d.digest_id = f.blob_id
where d.digest not in (select digest from staying)
group by d.digest
order by d.digest;
