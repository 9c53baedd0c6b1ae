-- Image configurations of the manifests read, as far as they are there. Configs of other artifacts are left alone.
create or replace temp table wanted as
select distinct config_digest as digest
from staged_manifest
where config_digest in (select digest from staged_blob)
    and coalesce(config_media_type, '') in (
        '', 'application/vnd.docker.container.image.v1+json', 'application/vnd.oci.image.config.v1+json'
    )
    and config_digest not in (select config_digest from staged_image);
