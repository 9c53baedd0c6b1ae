-- Follow every manifest down through its indexes. A layer known by another digest (sha512) leads to the stored blob.
insert into store.reach
with recursive edge as (
    select distinct parent_id, child_id from store.manifest_ref where role <> 'subject'
    union
    select digest_id, stored_id from store.alias
),
closure as (
    select digest_id as root_id, digest_id as blob_id from store.manifest
    union
    select c.root_id, e.child_id from closure as c join edge as e on e.parent_id = c.blob_id
)
select c.root_id, c.blob_id
from closure as c
join store.blob as b on b.digest_id = c.blob_id
order by c.root_id, c.blob_id;
