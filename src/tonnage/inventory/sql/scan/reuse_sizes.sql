-- Take over the sizes of blobs in `reused`.
insert into store.blob
select b.digest_id, b.size_bytes, null, 0
from earlier.store.blob as b
where b.digest_id in (from reused)
    and b.digest_id not in (select digest_id from store.blob);
