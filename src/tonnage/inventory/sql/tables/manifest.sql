-- Manifests that some repository, tag, tag history or index names and whose blob is there. One row per manifest.
create table store.manifest (
    digest_id integer not null,
    kind varchar not null,
    media_type varchar,
    artifact_type varchar,
    config_id integer,
    config_media_type varchar,
    subject_id integer,
    unreadable_because varchar,
    refused_by_2 varchar,
    refused_by_3 varchar
);
comment on table store.manifest is 'Manifests that some repository, tag, tag history or index names and whose blob is there. One row per manifest.';
comment on column store.manifest.digest_id is 'Digest of the manifest.';
comment on column store.manifest.kind is 'image, index, artifact, schema1; unreadable where what it refers to is not known.';
comment on column store.manifest.media_type is 'Media type written inside; null where the writer left it out.';
comment on column store.manifest.artifact_type is 'Artifact type written inside.';
comment on column store.manifest.config_id is 'Digest of its config.';
comment on column store.manifest.config_media_type is 'Media type of its config: tells what kind of artifact it is.';
comment on column store.manifest.subject_id is 'Digest of the manifest it is about: a signature, an SBOM, an attestation.';
comment on column store.manifest.unreadable_because is 'Why it could not be read.';
comment on column store.manifest.refused_by_2 is 'Why the collector of 2.x stops on it where it is linked, or crashes (panic…); null where it reads it.';
comment on column store.manifest.refused_by_3 is 'Why the collector of 3.x stops on it where it is linked, or crashes (panic…); null where it reads it.';
