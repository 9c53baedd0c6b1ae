-- Add repositories with links to blobs that are not there, and whose place is odd: by the beginnings of their digests.
insert into gc_odd
with missing as (
    select repository_id, digest_id from store.revision where digest_id not in (select digest_id from store.blob)
    union
    select repository_id, digest_id from store.layer_link where digest_id not in (select digest_id from store.blob)
),
named as (
    select d.digest_id, d.digest
    from store.digest as d
    where d.digest_id in (select digest_id from missing)
),
odd as (
    select distinct unnest(cast($beginnings as varchar[])) as beginning
)
select distinct m.repository_id
from missing as m
join named as n using (digest_id)
join odd as o on starts_with(n.digest, o.beginning);
