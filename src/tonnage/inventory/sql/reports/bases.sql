-- Images that others are built on: all their layers are the first layers of the others. One row per base.
-- image: a tag that leads to the base, else its repository
-- platform: operating system, architecture and variant of the base
-- Example: tonnage bases --limit 10
select
    b.image,
    i.os || '/' || i.architecture || coalesce('/' || i.variant, '') as platform,
    b.images_count,
    b.size_bytes,
    b.layers_count,
    b.digest
from base as b
left join manifest as m on m.digest = b.digest
left join image as i on i.config_digest = m.config_digest
order by b.images_count desc, b.size_bytes desc, b.digest;
