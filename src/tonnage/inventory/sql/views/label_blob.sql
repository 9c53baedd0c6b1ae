-- What images need by the values of their labels, once per label that some image has. One row per label, value and blob.
create or replace view label_blob as
with listed as (
    select r.root_id, c.config_id
    from store.reach as r
    join store.manifest as c on c.digest_id = r.blob_id and c.kind <> 'index'
),
needed as (
    -- An index, and the layers that caches list in one, are needed by the images below it.
    select config_id, blob_id from store.manifest_blob where kind <> 'index'
    union
    select l.config_id, n.blob_id
    from store.manifest_blob as n
    left join listed as l on l.root_id = n.digest_id
    where n.kind = 'index'
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
comment on view label_blob is 'What images need by the values of their labels, once per label that some image has. One row per label, value and blob.';
comment on column label_blob.name is 'Name of the label.';
comment on column label_blob.value is 'Its value; null for what has no such label: other images, artifacts, signatures.';
comment on column label_blob.digest is 'Digest of a blob that images with this value need; of an index, if they are listed there.';
comment on column label_blob.size_bytes is 'Stored size in bytes.';
