-- What they refer to.
insert into store.manifest_ref
select
    parent, role, position, child, size_bytes, media_type, os, architecture, variant, os_version, has_urls, reference_type
from arrived;
