-- What each blob is needed for: by which tag, in what role, in which build step. One row per digest of a blob, revision that needs it, tag of that revision and reference in its manifest.
create or replace view need as
select
    b.digest,
    p.repository,
    t.tag,
    m.digest as revision,
    k.kind,
    s.state,
    i.os,
    i.architecture,
    i.variant,
    i.created_at,
    f.role,
    f.position,
    h.created_by
from (
    select o.root_id, o.blob_id, o.blob_id as named_id
    from store.reach as o
    union all
    select o.root_id, o.blob_id, a.digest_id as named_id
    from store.alias as a
    join store.reach as o on o.blob_id = a.stored_id
) as r
join store.digest as b on b.digest_id = r.named_id
join store.revision_state as s on s.digest_id = r.root_id
join store.repository as p on p.repository_id = s.repository_id
join store.digest as m on m.digest_id = r.root_id
join store.manifest as k on k.digest_id = r.root_id
left join store.tag as t on t.repository_id = s.repository_id and t.digest_id = s.digest_id
left join store.image as i on i.config_id = k.config_id
left join (
    -- A manifest may name a blob by its other digest.
    select d.parent_id, d.child_id as blob_id, d.role, d.position
    from store.manifest_ref as d
    union all
    select n.parent_id, a.stored_id as blob_id, n.role, n.position
    from store.alias as a
    join store.manifest_ref as n on n.child_id = a.digest_id
) as f on f.parent_id = r.root_id and f.blob_id = r.blob_id and f.role <> 'subject'
left join store.history as h on h.config_id = i.config_id and h.layer_position = f.position and f.role = 'layer';
comment on view need is 'What each blob is needed for: by which tag, in what role, in which build step. One row per digest of a blob, revision that needs it, tag of that revision and reference in its manifest.';
comment on column need.digest is 'Digest of the blob, or another by which manifests may name it.';
comment on column need.repository is 'Repository that needs it.';
comment on column need.tag is 'Tag that points to the revision; null where none does.';
comment on column need.revision is 'Digest of the manifest that needs it, directly or through an index.';
comment on column need.kind is 'Kind of the manifest.';
comment on column need.state is 'tag: a tag points to it. index: below a tagged index. referrer: about one that is held. untagged: none of these.';
comment on column need.os is 'Operating system of the image; null for what is not an image.';
comment on column need.architecture is 'Architecture of the image.';
comment on column need.variant is 'Variant of the architecture, as v7.';
comment on column need.created_at is 'When the image was built, UTC, as the builder says; reproducible builds often say 1970 or 1980.';
comment on column need.role is 'Role in which the manifest names the blob: layer, config, manifest, …; null where it is the manifest itself, or below an index.';
comment on column need.position is 'Position of the reference among those of its role, from 0.';
comment on column need.created_by is 'Command of the build step that made it; null for what is not a layer.';
