-- Revisions that references name: by digest, by tag, or by the digest of the image's configuration, as container
-- runtimes do. Docker leaves `library/` out. A digest that another registry's name stands before is meant wherever it is.
-- One row per reference, repository and digest.
with reference as (
    select
        unnest($numbers) as number,
        unnest(cast($repositories as varchar[])) as repository,
        unnest(cast($tags as varchar[])) as tag,
        unnest(cast($digests as varchar[])) as digest
),
here as (
    select x.number, x.tag, p.repository_id
    from reference as x
    join store.repository as p on p.repository = x.repository
    union all
    select x.number, x.tag, p.repository_id
    from reference as x
    join store.repository as p on p.repository = 'library/' || x.repository
),
meant as (
    select x.number, d.digest_id
    from reference as x
    join store.digest as d on d.digest = x.digest
    union
    select x.number, m.digest_id
    from reference as x
    join store.digest as d on d.digest = x.digest
    join store.manifest as m on m.config_id = d.digest_id
),
found as (
    select n.number, s.repository_id, s.digest_id
    from meant as n
    join store.revision_state as s on s.digest_id = n.digest_id
    where exists (select 1 from here as h where h.number = n.number and h.repository_id = s.repository_id)
        or not exists (select 1 from here as h where h.number = n.number)
    union
    select h.number, t.repository_id, t.digest_id
    from here as h
    join store.tag as t on t.repository_id = h.repository_id and t.tag = h.tag
)
select f.number, p.repository, d.digest
from found as f
join store.repository as p on p.repository_id = f.repository_id
join store.digest as d on d.digest_id = f.digest_id
order by f.number, p.repository, d.digest;
