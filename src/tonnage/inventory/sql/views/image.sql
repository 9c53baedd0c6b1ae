-- Image configurations. One row per configuration.
create or replace view image as
select
    d.digest as config_digest,
    t.os,
    t.architecture,
    t.variant,
    t.os_version,
    t.created_at
from store.image as t
join store.digest as d on d.digest_id = t.config_id and d.copy = 0;
comment on view image is 'Image configurations. One row per configuration.';
comment on column image.config_digest is 'Digest of the configuration.';
comment on column image.os is 'Operating system.';
comment on column image.architecture is 'Architecture.';
comment on column image.variant is 'Variant of the architecture.';
comment on column image.os_version is 'Version of the operating system (Windows).';
comment on column image.created_at is 'When the image was built, UTC, as the builder says; reproducible builds often say 1970 or 1980.';
