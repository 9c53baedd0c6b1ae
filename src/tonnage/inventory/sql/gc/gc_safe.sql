-- Blobs that are safe to free, by what the specifications mean: no revision that is to stay leads to them, through
-- indexes, by a tag, by what it is about, by a digest they have as an alias; and nothing that could not be read may need
-- them. One row per blob.
create or replace temp table gc_safe as
with kept as (
    select s.digest_id
    from gc_state as s, gc_collector as c
    where s.state <> 'untagged' or not c.delete_untagged
    union
    select s.digest_id
    from gc_state as s
    join store.manifest as m on m.digest_id = s.digest_id and m.kind = 'unreadable'
),
needed as (
    select r.blob_id as digest_id from store.reach as r join kept as k on k.digest_id = r.root_id
    union
    select digest_id from kept
    union
    select digest_id from gc_pinned
)
select b.digest_id, b.size_bytes
from store.blob as b
where b.digest_id not in (select digest_id from needed);
