-- Image configurations of the manifests in staged rows, as far as they are there. One row per digest.
select distinct m.config_digest as digest
from staged_manifest as m
where exists (select 1 from staged_blob as b where b.digest = m.config_digest)
    and coalesce(m.config_media_type, '') in (
        '', 'application/vnd.docker.container.image.v1+json', 'application/vnd.oci.image.config.v1+json'
    );
