-- Content stored more than once: the same bytes under several digests, compressed differently. One row per uncompressed content.
create or replace view duplicate as
with first_copy as (
    -- Where the same content is stored several times, all of it is one here.
    select c.digest_id, z.digest_id as first_id
    from store.digest as c
    join store.digest as z on z.digest = c.digest and z.copy = 0
    where c.copy > 0
),
one_alias as (
    select
        a.digest_id,
        a.stored_id,
        row_number() over (partition by a.digest_id order by d.digest, a.stored_id) as place
    from store.alias as a
    join store.digest as d on d.digest_id = a.stored_id
),
layer_row as (
    -- Each once, however many manifests share a configuration: who joins it with all of them first has the product.
    select distinct
        coalesce(c.first_id, m.config_id) as config_id,
        f.position,
        coalesce(z.first_id, b.digest_id) as blob_id,
        b.size_bytes
    from store.manifest_ref as f
    join store.manifest as m on m.digest_id = f.parent_id
    left join one_alias as o on o.digest_id = f.child_id and o.place = 1
    join store.blob as b on b.digest_id = coalesce(o.stored_id, f.child_id)
    left join first_copy as c on c.digest_id = m.config_id
    left join first_copy as z on z.digest_id = b.digest_id
    where f.role = 'layer' and f.parent_id not in (select digest_id from first_copy)
),
stored as (
    select i.diff_id, l.blob_id, l.size_bytes
    from store.diff_id as i
    join layer_row as l on l.config_id = i.config_id and l.position = i.position
),
repeated as (
    -- By numbers, so that only content stored twice is ever spelled out.
    select diff_id from stored group by diff_id having min(blob_id) < max(blob_id)
),
copy as (
    select distinct s.diff_id, s.blob_id, s.size_bytes
    from stored as s
    join repeated as r on r.diff_id = s.diff_id
)
select
    f.digest as diff_id,
    count(*) as copies_count,
    cast(sum(c.size_bytes) - min(c.size_bytes) as bigint) as wasted_bytes,
    cast(sum(c.size_bytes) as bigint) as stored_bytes,
    string_agg(d.digest, ' ' order by c.size_bytes, d.digest) as digests
from copy as c
join store.digest as f on f.digest_id = c.diff_id
join store.digest as d on d.digest_id = c.blob_id
group by f.digest;
comment on view duplicate is 'Content stored more than once: the same bytes under several digests, compressed differently. One row per uncompressed content.';
comment on column duplicate.diff_id is 'Digest of the uncompressed layer.';
comment on column duplicate.copies_count is 'Blobs with this content.';
comment on column duplicate.wasted_bytes is 'Stored bytes of all of them but the smallest.';
comment on column duplicate.stored_bytes is 'Stored bytes of all of them.';
comment on column duplicate.digests is 'Digests of these blobs, the smallest blob first.';
