-- Image configurations of the manifests, and who has them. One row per configuration.
select d.digest, list(distinct p.repository order by p.repository)
from store.manifest as m
join store.digest as d on d.digest_id = m.config_id
join store.revision as r on r.digest_id = m.digest_id
join store.repository as p using (repository_id)
where regexp_full_match(d.digest, 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}')
    and coalesce(m.config_media_type, '') in (
        '', 'application/vnd.docker.container.image.v1+json', 'application/vnd.oci.image.config.v1+json'
    )
group by d.digest
order by d.digest;
