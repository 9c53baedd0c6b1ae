-- Carry what the earlier scan read: references.
insert into staged_manifest_ref
select s.digest, t.role, t.position, c.staged_id, t.size_bytes, t.media_type, t.os, t.architecture, t.variant, t.os_version, t.has_urls, t.reference_type
from earlier.store.manifest_ref as t
join reused as s on s.digest_id = t.parent_id
join known as c on c.digest_id = t.child_id;
