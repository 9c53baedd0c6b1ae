-- What the bytes are: images, build caches, charts, models, signatures. One row per type.
create or replace view type_usage as
with typed as (
    select digest_id, type from store.manifest_type
),
needed as (
    select distinct t.type, n.blob_id
    from store.manifest_blob as n
    join typed as t on t.digest_id = n.digest_id
),
counted as (
    select blob_id, count(*) as types_count from needed group by blob_id
),
bytes as (
    select
        n.type,
        cast(sum(u.size_bytes) as bigint) as stored_bytes,
        cast(coalesce(sum(u.size_bytes) filter (where c.types_count = 1), 0) as bigint) as exclusive_bytes,
        cast(coalesce(sum(u.size_bytes) filter (where c.types_count = 1 and u.class = 'untagged'), 0) as bigint) as untagged_bytes
    from needed as n
    join counted as c on c.blob_id = n.blob_id
    join store.usage as u on u.blob_id = n.blob_id
    group by n.type
),
revisions as (
    select
        t.type,
        count(*) as revisions_count,
        count(*) filter (where s.state = 'untagged') as untagged_count
    from store.revision_state as s
    join typed as t on t.digest_id = s.digest_id
    group by t.type
)
select
    b.type,
    b.exclusive_bytes,
    b.stored_bytes - b.exclusive_bytes as shared_bytes,
    b.stored_bytes,
    coalesce(r.revisions_count, 0) as revisions_count,
    case when (select has_untagged from store.source) then coalesce(r.untagged_count, 0) end as untagged_count,
    case when (select has_untagged from store.source) then b.untagged_bytes end as untagged_bytes
from bytes as b
left join revisions as r on r.type = b.type;
comment on view type_usage is 'What the bytes are: images, build caches, charts, models, signatures. One row per type.';
comment on column type_usage.type is 'What the manifests are for: see manifest_type.';
comment on column type_usage.exclusive_bytes is 'Bytes that no manifest of another type needs.';
comment on column type_usage.shared_bytes is 'Bytes that manifests of other types need too.';
comment on column type_usage.stored_bytes is 'Stored bytes of the blobs they need, each counted once.';
comment on column type_usage.revisions_count is 'Revisions of this type; what only an index lists has none of its own.';
comment on column type_usage.untagged_count is 'Of these, the ones that no tag leads to; null where untagged ones are unknown.';
comment on column type_usage.untagged_bytes is 'Bytes that only this type needs, and no tag leads to; null where untagged ones are unknown.';
