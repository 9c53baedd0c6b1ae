-- Carry what the earlier scan read: manifests.
insert into staged_manifest
select s.digest, t.kind, t.media_type, t.artifact_type, c.staged_id, t.config_media_type, u.staged_id, t.unreadable_because, t.refused_by_2, t.refused_by_3
from earlier.store.manifest as t
join reused as s using (digest_id)
left join known as c on c.digest_id = t.config_id
left join known as u on u.digest_id = t.subject_id;
