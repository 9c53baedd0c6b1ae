-- Manifests that were read.
insert into store.manifest
select d.digest_id, m.kind, m.media_type, m.artifact_type, c.digest_id, m.config_media_type, s.digest_id, m.unreadable_because,
    m.refused_by_2, m.refused_by_3
from staged_manifest as m
join numbered as d on d.staged_id = m.digest
left join numbered as c on c.staged_id = m.config_digest
left join numbered as s on s.staged_id = m.subject
order by d.digest_id;
