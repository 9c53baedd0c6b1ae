-- Carry what the earlier scan read: references.
insert into staged_manifest_ref
select t.parent_id, t.role, t.position, t.child_id, t.size_bytes, t.media_type, t.os, t.architecture, t.variant, t.os_version, t.has_urls, t.reference_type
from earlier.store.manifest_ref as t
join reused as s on s.digest = t.parent_id;
