-- What manifests refer to. One row per reference, in the order of the document per role.
create table store.manifest_ref (
    parent_id integer not null,
    role varchar not null,
    position integer not null,
    child_id integer not null,
    size_bytes bigint,
    media_type varchar,
    os varchar,
    architecture varchar,
    variant varchar,
    os_version varchar,
    has_urls boolean not null,
    reference_type varchar
);
comment on table store.manifest_ref is 'What manifests refer to. One row per reference, in the order of the document per role.';
comment on column store.manifest_ref.parent_id is 'Digest of the manifest.';
comment on column store.manifest_ref.role is 'config, layer, manifest (child of an index), index blob, artifact blob, subject.';
comment on column store.manifest_ref.position is 'Position from 0 within its list.';
comment on column store.manifest_ref.child_id is 'Digest it refers to.';
comment on column store.manifest_ref.size_bytes is 'Declared size in bytes: the writer''s claim, which nobody verifies.';
comment on column store.manifest_ref.media_type is 'Declared media type.';
comment on column store.manifest_ref.os is 'Operating system of an index''s child.';
comment on column store.manifest_ref.architecture is 'Architecture of an index''s child.';
comment on column store.manifest_ref.variant is 'Variant of the architecture.';
comment on column store.manifest_ref.os_version is 'Version of the operating system (Windows).';
comment on column store.manifest_ref.has_urls is 'Whether the content may be had elsewhere: a foreign layer, which is usually not stored.';
comment on column store.manifest_ref.reference_type is 'vnd.docker.reference.type of an index''s child: attestation-manifest for what buildx adds.';
