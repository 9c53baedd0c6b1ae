-- Images that others are built on: all their layers are the first layers of the others. One row per base.
create or replace view base as
with first_copy as (
    -- Where the same content is stored several times, all of it is one here.
    select c.digest_id, z.digest_id as first_id
    from store.digest as c
    join store.digest as z on z.digest = c.digest and z.copy = 0
    where c.copy > 0
),
linked as (
    select distinct coalesce(z.first_id, s.digest_id) as digest_id, s.repository_id, s.digest_id as stored_id
    from store.revision_state as s
    left join first_copy as z on z.digest_id = s.digest_id
),
layer_row as (
    select f.parent_id, f.position, coalesce(z.first_id, f.child_id) as child_id, b.size_bytes
    from store.manifest_ref as f
    left join first_copy as z on z.digest_id = f.child_id
    left join (
        select
            a.digest_id,
            a.stored_id,
            row_number() over (partition by a.digest_id order by d.digest, a.stored_id) as place
        from store.alias as a
        join store.digest as d on d.digest_id = a.stored_id
    ) as o on o.digest_id = f.child_id and o.place = 1
    left join store.blob as b on b.digest_id = coalesce(o.stored_id, f.child_id)
    where f.role = 'layer' and f.parent_id in (select digest_id from linked)
),
mixed as (
    -- A number for each layer in its place, below 2^31, so that no product of two leaves 64 bits.
    select
        parent_id,
        position,
        child_id,
        size_bytes,
        (cast(child_id as bigint) * 48271 + cast(position as bigint) * 69621 + 12345) % 2147483647 as one,
        (cast(child_id as bigint) * 39373 + cast(position as bigint) * 62089911 + 54321) % 2147483629 as two
    from layer_row
),
prefix as (
    -- Two sums that run along the layers stand for all of them up to here: what has the same ones begins alike.
    select
        parent_id,
        position,
        child_id,
        cast(sum((one * one % 2147483647) * one % 2147483647) over layers as bigint) as first_sum,
        cast(sum((two * two % 2147483629) * two % 2147483629 * (two + 1) % 2147483629) over layers as bigint) as second_sum,
        cast(sum(size_bytes) over layers as bigint) as size_bytes,
        max(position) over (partition by parent_id) as last_position
    from mixed
    window layers as (partition by parent_id order by position rows between unbounded preceding and current row)
),
whole as (
    select
        p.position,
        p.child_id,
        p.first_sum,
        p.second_sum,
        min(d.digest) as digest,
        max(p.size_bytes) as size_bytes
    from prefix as p
    join store.digest as d on d.digest_id = p.parent_id
    where p.position = p.last_position
    group by p.position, p.child_id, p.first_sum, p.second_sum
),
built as (
    select position, child_id, first_sum, second_sum, count(*) as images_count
    from prefix
    where position < last_position
    group by position, child_id, first_sum, second_sum
),
found as (
    select w.digest, d.digest_id, b.images_count, w.size_bytes, w.position + 1 as layers_count
    from whole as w
    join built as b
        on b.position = w.position
        and b.child_id = w.child_id
        and b.first_sum = w.first_sum
        and b.second_sum = w.second_sum
    join store.digest as d on d.digest = w.digest and d.copy = 0
),
named as (
    select f.digest_id, coalesce(min(p.repository || ':' || t.tag), min(p.repository)) as image
    from found as f
    join linked as l on l.digest_id = f.digest_id
    join store.reach as r on r.blob_id = l.stored_id
    join store.revision_state as s on s.digest_id = r.root_id
    join store.repository as p on p.repository_id = s.repository_id
    left join store.tag as t on t.repository_id = s.repository_id and t.digest_id = s.digest_id
    group by f.digest_id
)
select n.image, f.digest, f.images_count, f.size_bytes, f.layers_count
from found as f
left join named as n on n.digest_id = f.digest_id;
comment on view base is 'Images that others are built on: all their layers are the first layers of the others. One row per base.';
comment on column base.image is 'A tag that leads to the base, else its repository.';
comment on column base.digest is 'Digest of its manifest.';
comment on column base.images_count is 'Images that begin with its layers.';
comment on column base.size_bytes is 'Stored bytes of its layers; null where none of them is stored.';
comment on column base.layers_count is 'Number of its layers.';
