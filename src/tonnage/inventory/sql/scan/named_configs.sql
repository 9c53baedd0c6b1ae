-- Image configurations of the manifests read, as far as they are there. Configs of other artifacts are left alone. One row
-- per digest.
create or replace temp view named_configs as
select distinct config_id as digest_id
from store.manifest
where config_id in (select digest_id from store.blob)
    and coalesce(config_media_type, '') in (
        '', 'application/vnd.docker.container.image.v1+json', 'application/vnd.oci.image.config.v1+json'
    );
