-- What a manifest that goes needs, itself or through an index in it that goes too, and its repository does not have: the registry would refuse it if it were pushed again. One row per repository and digest.
with recursive going as (
    select repository_id, digest_id from gone
    union
    select repository_id, digest_id from gone_tag where digest_id is not null
),
needed as (
    select g.repository_id, g.digest_id, f.child_id, f.role = 'manifest' as is_manifest
    from going as g
    join store.manifest_ref as f on f.parent_id = g.digest_id
    join store.digest as d on d.digest_id = f.child_id
    where f.role <> 'subject' and not f.has_urls and d.digest <> ''
),
lacking as (
    select n.repository_id, n.digest_id, n.child_id as missing_id
    from needed as n
    where not exists (select 1 from store.blob as b where b.digest_id = n.child_id)
        or n.is_manifest and not exists (
            select 1 from store.revision as r where r.repository_id = n.repository_id and r.path_digest_id = n.child_id
        )
        or not n.is_manifest and (select has_files from store.source) and not exists (
            select 1 from store.layer_link as l where l.repository_id = n.repository_id and l.path_digest_id = n.child_id
        )
    union
    select n.repository_id, n.digest_id, k.missing_id
    from lacking as k
    join needed as n on n.repository_id = k.repository_id and n.child_id = k.digest_id and n.is_manifest
    where exists (select 1 from gone as g where g.repository_id = k.repository_id and g.digest_id = k.digest_id)
)
select p.repository, d.digest, list(m.digest order by m.digest) as missing
from lacking as k
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
join store.digest as m on m.digest_id = k.missing_id
group by p.repository, d.digest
order by p.repository, d.digest;
