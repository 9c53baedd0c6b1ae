-- What the images with a label need, and the indexes that list them. One row per label, value and blob; for each label, a row without value per blob that what lacks it needs.
create or replace view label_blob as
with linked as (
    -- What an index lists is needed with it, if it is a revision of its own or not.
    select distinct r.blob_id as digest_id
    from store.revision_state as s
    join store.reach as r on r.root_id = s.digest_id
    join store.manifest as m on m.digest_id = r.blob_id
),
indexed as (
    select l.digest_id as index_id, c.config_id
    from linked as l
    join store.manifest as m on m.digest_id = l.digest_id and m.kind = 'index'
    left join (
        select r.root_id, c.digest_id, c.config_id
        from store.reach as r
        join store.manifest as c on c.digest_id = r.blob_id and c.kind <> 'index'
    ) as c on c.root_id = l.digest_id
),
needed as (
    -- An index needs its images for them; itself, and the layers that caches list in one, are needed by those images.
    select m.config_id, r.blob_id
    from linked as l
    join store.manifest as m on m.digest_id = l.digest_id and m.kind <> 'index'
    join store.reach as r on r.root_id = l.digest_id
    union
    select config_id, index_id from indexed
    union
    select i.config_id, coalesce(a.stored_id, f.child_id)
    from indexed as i
    join store.manifest_ref as f on f.parent_id = i.index_id and f.role not in ('subject', 'manifest')
    left join store.alias as a on a.digest_id = f.child_id
),
named as (
    select distinct name from store.label
)
select distinct
    k.name,
    v.value,
    d.digest,
    u.size_bytes
from named as k
cross join needed as n
join store.usage as u on u.blob_id = n.blob_id
join store.digest as d on d.digest_id = n.blob_id
left join store.label as v on v.config_id = n.config_id and v.name = k.name;
comment on view label_blob is 'What the images with a label need, and the indexes that list them. One row per label, value and blob; for each label, a row without value per blob that what lacks it needs.';
comment on column label_blob.name is 'Name of the label, of all that some image has.';
comment on column label_blob.value is 'Its value; null for what has no such label: other images, artifacts, signatures.';
comment on column label_blob.digest is 'Digest of a blob that images with this value need.';
comment on column label_blob.size_bytes is 'Stored size in bytes.';
