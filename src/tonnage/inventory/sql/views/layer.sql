-- Layers: blobs that some manifest names as a layer, with the build step that made them, as the oldest image that holds them tells. One row per layer.
create or replace view layer as
select
    d.digest,
    u.size_bytes,
    u.class,
    u.references_count,
    u.manifests_count,
    u.revisions_count,
    u.tags_count,
    u.repositories_count,
    s.created_by,
    s.created_at,
    b.modified_at
from store.usage as u
join store.digest as d on d.digest_id = u.blob_id
join store.blob as b on b.digest_id = u.blob_id
left join store.layer_step as t on t.blob_id = u.blob_id
left join store.history as s on s.config_id = t.config_id and s.position = t.position
where u.role = 'layer';
comment on view layer is 'Layers: blobs that some manifest names as a layer, with the build step that made them, as the oldest image that holds them tells. One row per layer.';
comment on column layer.digest is 'Digest of the layer.';
comment on column layer.size_bytes is 'Stored size in bytes.';
comment on column layer.class is 'tagged: some tag leads to it. untagged: only revisions without a tag do. orphaned: no linked manifest does.';
comment on column layer.references_count is 'Revisions (repository and manifest) whose manifest names it directly.';
comment on column layer.manifests_count is 'Distinct linked manifests that name it directly.';
comment on column layer.revisions_count is 'Revisions that need it, directly or through indexes, its own included.';
comment on column layer.tags_count is 'Tags that lead to it, directly or through indexes.';
comment on column layer.repositories_count is 'Repositories that need it.';
comment on column layer.created_by is 'Command of the build step that made it; null where no history tells.';
comment on column layer.created_at is 'When that step was run, UTC.';
comment on column layer.modified_at is 'When the layer was written here, UTC: about when it was pushed.';
