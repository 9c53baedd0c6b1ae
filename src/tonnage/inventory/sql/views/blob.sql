-- Blobs: layers, configs and manifests as stored. One row per blob.
create or replace view blob as
select
    d.digest,
    t.size_bytes,
    u.role,
    u.class,
    t.modified_at,
    a.read_at,
    case when a.blob_id is not null then p.looked_at end as looked_at
from store.blob as t
left join store.access as a on a.blob_id = t.digest_id
left join store.part as p on p.part_id = a.part_id
join store.digest as d on d.digest_id = t.digest_id
join store.usage as u on u.blob_id = t.digest_id;
comment on view blob is 'Blobs: layers, configs and manifests as stored. One row per blob.';
comment on column blob.digest is 'Digest of the blob, as its path spells it.';
comment on column blob.size_bytes is 'Stored size in bytes: the size of the file. Over HTTP what manifests declare, unless the registry was asked.';
comment on column blob.role is 'manifest, layer, config, index blob, artifact blob; null where nothing says what it is.';
comment on column blob.class is 'tagged: some tag leads to it. untagged: only revisions without a tag do. orphaned: no linked manifest does.';
comment on column blob.modified_at is 'When the file was last written, UTC: about when it was pushed.';
comment on column blob.read_at is 'When the file was last read, as its file system noted it, UTC; if that is not later than modified_at, not since it was written. Null where it is not noted. Whoever read it: see use_source.';
comment on column blob.looked_at is 'When it was asked when the file was read, UTC.';
