-- Follow every manifest down through its indexes.
-- Nearly all of it is what a manifest names itself; only below manifests that name manifests is there more to follow.
insert into store.reach
with recursive direct as (
    select distinct parent_id as root_id, child_id as blob_id from edge where parent_id <> child_id
),
below as (
    select d.root_id, d.blob_id as manifest_id
    from direct as d
    join store.manifest as m on m.digest_id = d.blob_id
    union
    select b.root_id, d.blob_id
    from below as b
    join direct as d on d.root_id = b.manifest_id
    join store.manifest as m on m.digest_id = d.blob_id
),
indirect as (
    select distinct b.root_id, d.blob_id
    from below as b
    join direct as d on d.root_id = b.manifest_id
    where d.blob_id <> b.root_id
        and not exists (select 1 from direct as x where x.root_id = b.root_id and x.blob_id = d.blob_id)
)
select root_id, blob_id
from (
    select digest_id as root_id, digest_id as blob_id from store.manifest
    union all
    select root_id, blob_id from direct
    union all
    select root_id, blob_id from indirect
)
where blob_id in (select digest_id from store.blob);
