-- Who needs each blob. One row per blob.
create table store.usage (
    blob_id integer not null,
    size_bytes bigint not null,
    role varchar,
    class varchar not null,
    is_pinned boolean not null,
    references_count bigint not null,
    manifests_count bigint not null,
    revisions_count bigint not null,
    tags_count bigint not null,
    repositories_count bigint not null,
    group_id integer
);
comment on table store.usage is 'Who needs each blob. One row per blob.';
comment on column store.usage.blob_id is 'Digest of the blob.';
comment on column store.usage.size_bytes is 'Stored size in bytes.';
comment on column store.usage.role is 'manifest, layer, config, index blob, artifact blob; null where nothing says what it is.';
comment on column store.usage.class is 'tagged: some tag leads to it. untagged: only revisions without a tag do. orphaned: no linked manifest does.';
comment on column store.usage.is_pinned is 'Orphaned as far as is known, but a manifest that cannot be read may need it: never to be freed.';
comment on column store.usage.references_count is 'Revisions (repository and manifest) whose manifest names it directly.';
comment on column store.usage.manifests_count is 'Distinct linked manifests that name it directly.';
comment on column store.usage.revisions_count is 'Revisions that need it, directly or through indexes, its own included.';
comment on column store.usage.tags_count is 'Tags that lead to it, directly or through indexes.';
comment on column store.usage.repositories_count is 'Repositories that need it.';
comment on column store.usage.group_id is 'Group of blobs that exactly the same repositories need; null where none does.';
