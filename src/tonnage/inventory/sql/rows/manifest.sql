-- Manifests that were read.
insert into store.manifest
select
    digest, kind, media_type, artifact_type, config_digest, config_media_type, subject, unreadable_because, refused_by_2,
    refused_by_3
from arrived;
