-- Carry what the earlier scan read: manifests.
insert into staged_manifest
select t.digest_id, t.kind, t.media_type, t.artifact_type, t.config_id, t.config_media_type, t.subject_id, t.unreadable_because, t.refused_by_2, t.refused_by_3
from earlier.store.manifest as t
join reused as s on s.digest = t.digest_id;
