-- Manifests that some repository, tag, tag history or index names and whose blob is there. One row per manifest.
create or replace view manifest as
select
    d.digest,
    t.kind,
    t.media_type,
    t.artifact_type,
    c.digest as config_digest,
    t.config_media_type,
    s.digest as subject,
    t.unreadable_because,
    t.refused_by_2,
    t.refused_by_3,
    b.size_bytes
from store.manifest as t
join store.digest as d on d.digest_id = t.digest_id and d.copy = 0
left join store.digest as c on c.digest_id = t.config_id
left join store.digest as s on s.digest_id = t.subject_id
left join store.blob as b on b.digest_id = t.digest_id;
comment on view manifest is 'Manifests that some repository, tag, tag history or index names and whose blob is there. One row per manifest.';
comment on column manifest.digest is 'Digest of the manifest.';
comment on column manifest.kind is 'image, index, artifact, schema1; unreadable where what it refers to is not known.';
comment on column manifest.media_type is 'Media type written inside; null where the writer left it out.';
comment on column manifest.artifact_type is 'Artifact type written inside.';
comment on column manifest.config_digest is 'Digest of its config.';
comment on column manifest.config_media_type is 'Media type of its config: tells what kind of artifact it is.';
comment on column manifest.subject is 'Digest of the manifest it is about: a signature, an SBOM, an attestation.';
comment on column manifest.unreadable_because is 'Why it could not be read.';
comment on column manifest.refused_by_2 is 'Why the collector of 2.x stops on it where it is linked, or crashes (panic…); null where it reads it.';
comment on column manifest.refused_by_3 is 'Why the collector of 3.x stops on it where it is linked, or crashes (panic…); null where it reads it.';
comment on column manifest.size_bytes is 'Stored size of the manifest itself in bytes; null where its blob is gone.';
