-- Who needs each blob. One row per blob.
create or replace view blob_usage as
select
    d.digest,
    u.size_bytes,
    u.role,
    u.class,
    u.is_pinned,
    u.references_count,
    u.manifests_count,
    u.revisions_count,
    u.tags_count,
    u.repositories_count,
    b.modified_at
from store.usage as u
join store.digest as d on d.digest_id = u.blob_id
join store.blob as b on b.digest_id = u.blob_id;
comment on view blob_usage is 'Who needs each blob. One row per blob.';
comment on column blob_usage.digest is 'Digest of the blob.';
comment on column blob_usage.size_bytes is 'Stored size in bytes.';
comment on column blob_usage.role is 'manifest, layer, config, index blob, artifact blob; null where nothing says what it is.';
comment on column blob_usage.class is 'tagged: some tag leads to it. untagged: only revisions without a tag do. orphaned: no linked manifest does.';
comment on column blob_usage.is_pinned is 'Orphaned as far as is known, but a manifest that cannot be read may need it: never to be freed.';
comment on column blob_usage.references_count is 'Revisions (repository and manifest) whose manifest names it directly.';
comment on column blob_usage.manifests_count is 'Distinct linked manifests that name it directly.';
comment on column blob_usage.revisions_count is 'Revisions that need it, directly or through indexes, its own included.';
comment on column blob_usage.tags_count is 'Tags that lead to it, directly or through indexes.';
comment on column blob_usage.repositories_count is 'Repositories that need it.';
comment on column blob_usage.modified_at is 'When it was written, UTC: about when it was pushed.';
