-- What they refer to.
insert into store.manifest_ref
select
    p.digest_id, f.role, f.position, c.digest_id, f.size_bytes, f.media_type, f.os, f.architecture, f.variant, f.os_version,
    f.has_urls, f.reference_type
from staged_manifest_ref as f
join numbered as p on p.staged_id = f.parent
join numbered as c on c.staged_id = f.child
order by p.digest_id, f.role, f.position;
