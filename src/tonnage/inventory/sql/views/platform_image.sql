-- Images whose platform is known. One row per image.
create or replace view store.platform_image as
select
    m.digest_id,
    coalesce(i.os, '') || '/' || coalesce(i.architecture, '') || coalesce('/' || nullif(i.variant, ''), '') as platform
from store.manifest as m
join store.manifest_type as t on t.digest_id = m.digest_id and t.type = 'image'
join store.image as i on i.config_id = m.config_id
where i.architecture is not null;
comment on view store.platform_image is 'Images whose platform is known. One row per image.';
comment on column store.platform_image.digest_id is 'Digest of the manifest.';
comment on column store.platform_image.platform is 'Operating system, architecture and variant.';
create or replace view platform_image as
select d.digest, p.platform
from store.platform_image as p
join store.digest as d on d.digest_id = p.digest_id and d.copy = 0;
comment on view platform_image is 'Images whose platform is known. One row per image.';
comment on column platform_image.digest is 'Digest of the manifest.';
comment on column platform_image.platform is 'Operating system, architecture and variant.';
