-- What a manifest that goes needs, itself or through an index in it that goes too, and its repository does not have: the registry would refuse it if it were pushed again. One row per repository and digest.
with recursive going as (
    select repository_id, digest_id from gone
    union
    select repository_id, digest_id from gone_tag where digest_id is not null
),
needed as materialized (
    select g.repository_id, g.digest_id, f.child_id, f.role = 'manifest' as is_manifest
    from going as g
    join store.manifest_ref as f on f.parent_id = g.digest_id
    join store.digest as d on d.digest_id = f.child_id
    where f.role <> 'subject' and not f.has_urls and d.digest <> ''
),
there as materialized (  -- what the repositories at work have: links elsewhere are many, and of no interest
    select r.repository_id, r.path_digest_id as child_id, true as is_manifest
    from store.revision as r
    where r.repository_id in (select repository_id from going)
    union all
    select l.repository_id, l.path_digest_id, false
    from store.layer_link as l
    where l.repository_id in (select repository_id from going)
    union all  -- over HTTP nobody lists layer links
    select n.repository_id, n.child_id, false
    from needed as n
    where not n.is_manifest and not (select has_files from store.source)
),
whole as materialized (
    select n.repository_id, n.child_id, n.is_manifest
    from (select distinct repository_id, child_id, is_manifest from needed) as n
    join store.blob as b on b.digest_id = n.child_id
    where exists (
        select 1
        from there as t
        where t.repository_id = n.repository_id and t.child_id = n.child_id and t.is_manifest = n.is_manifest
    )
),
lacking as (
    select n.repository_id, n.digest_id, n.child_id as missing_id
    from needed as n
    where not exists (
        select 1
        from whole as w
        where w.repository_id = n.repository_id and w.child_id = n.child_id and w.is_manifest = n.is_manifest
    )
    union
    select n.repository_id, n.digest_id, k.missing_id
    from lacking as k
    join needed as n on n.repository_id = k.repository_id and n.child_id = k.digest_id and n.is_manifest
    where exists (select 1 from gone as g where g.repository_id = k.repository_id and g.digest_id = k.digest_id)
),
spelled as materialized (
    select digest_id, digest
    from store.digest
    where digest_id in (select digest_id from lacking union select missing_id from lacking)
)
select p.repository, d.digest, list(m.digest order by m.digest) as missing
from lacking as k
join store.repository as p using (repository_id)
join spelled as d using (digest_id)
join spelled as m on m.digest_id = k.missing_id
group by p.repository, d.digest
order by p.repository, d.digest;
