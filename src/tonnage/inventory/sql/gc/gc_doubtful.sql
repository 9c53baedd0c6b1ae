-- Blobs that would be safe to free if nothing had been left unread: nothing that was read needs them. One row per blob.
create or replace temp view gc_doubtful as
select p.digest_id, b.size_bytes
from gc_pinned as p
join store.blob as b using (digest_id)
where not exists (
    select 1
    from store.reach as r
    join gc_state as s on s.digest_id = r.root_id
    cross join gc_collector as c
    where r.blob_id = p.digest_id and (s.state <> 'untagged' or not c.delete_untagged)
);
