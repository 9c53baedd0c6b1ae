-- What they refer to.
insert into store.manifest_ref
select
    p.digest_id, f.role, f.position, c.digest_id, f.size_bytes, f.media_type, f.os, f.architecture, f.variant, f.os_version,
    f.has_urls, f.reference_type
from staged_manifest_ref as f
join store.digest as p on p.digest = f.parent
join store.digest as c on c.digest = f.child
order by p.digest_id, f.role, f.position;
