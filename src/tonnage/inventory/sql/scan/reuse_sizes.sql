-- Take over the sizes of blobs of these digests.
insert into store.blob
select b.digest_id, b.size_bytes, null, 0
from earlier.store.blob as b
join earlier.store.digest as d using (digest_id)
where d.digest in (select unnest($digests))
    and b.digest_id not in (select digest_id from store.blob);
