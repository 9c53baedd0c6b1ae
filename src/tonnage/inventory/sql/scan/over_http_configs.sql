-- Image configurations of the manifests, and who has them. One row per configuration.
select d.digest, list(distinct r.repository order by r.repository)
from staged_manifest as m
join staged_digest as d on d.digest_id = m.config_digest
join staged_revision as r on r.path_digest = m.digest
where regexp_full_match(d.digest, 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}')
    and coalesce(m.config_media_type, '') in (
        '', 'application/vnd.docker.container.image.v1+json', 'application/vnd.oci.image.config.v1+json'
    )
group by d.digest
order by d.digest;
