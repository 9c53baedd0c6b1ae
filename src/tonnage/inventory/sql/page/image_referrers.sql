-- Signatures and other manifests about a revision. One row per manifest.
select d.digest, coalesce(m.artifact_type, m.config_media_type, m.kind) as type, cast(sum(u.size_bytes) as bigint) as size_bytes
from store.manifest as m
join store.revision_state as s on s.digest_id = m.digest_id and s.repository_id = $repository_id
join store.digest as d on d.digest_id = m.digest_id
join store.reach as r on r.root_id = m.digest_id
join store.usage as u on u.blob_id = r.blob_id
where m.subject_id = $digest_id
group by d.digest, type
order by type, d.digest;
