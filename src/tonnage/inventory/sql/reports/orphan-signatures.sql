-- Signatures, attestations and SBOMs whose image is gone: revisions about a subject, and tags named after one, that the repository does not have. One row per repository, digest and tag.
-- $repository repository any: only what is in these repositories
-- subject: digest of what it is about, which the repository does not have
-- digest: digest of the manifest; null where the tag leads nowhere
-- tag: the tag that stands for it, sha256-…; null for a revision that names its subject itself
-- type: what it is: signature, attestation, sbom, referrers, …
-- frees_alone_bytes: bytes that deleting it frees if nothing else goes
-- pushed_at: when it was pushed here, UTC
-- Example: tonnage orphan-signatures
with referrer as (
    select digest, subject from manifest where subject is not null
),
named as (
    select
        t.repository,
        t.tag,
        t.digest,
        'sha256:' || regexp_replace(t.tag, '^sha256-([0-9a-f]{64})([.].*)?$', '\1') as subject
    from tag as t
    where starts_with(t.tag, 'sha256-') and regexp_replace(t.tag, '^sha256-[0-9a-f]{64}([.].*)?$', '') = ''
    union all
    select distinct r.repository, null, r.digest, m.subject
    from referrer as m
    join revision as r on r.digest = m.digest
),
gone as (
    select n.repository, n.subject, n.digest, n.tag
    from named as n
    left join (
        select distinct r.repository, r.digest
        from named as a
        join revision as r on r.repository = a.repository and r.digest = a.subject
    ) as s on s.repository = n.repository and s.digest = n.subject
    where n.repository like $repository escape '!' and s.digest is null
),
typed as (
    -- Of these alone, and not of all there are.
    select t.digest, t.type from manifest_type as t where t.digest in (select digest from gone)
),
freed as (
    select w.repository, w.digest, w.frees_alone_bytes
    from deletion as w
    where w.digest in (select digest from gone)
),
pushed as (
    select r.repository, r.digest, max(r.modified_at) as pushed_at
    from revision as r
    where r.digest in (select digest from gone)
    group by r.repository, r.digest
)
select
    n.repository,
    n.subject,
    n.digest,
    n.tag,
    t.type,
    w.frees_alone_bytes,
    u.pushed_at
from gone as n
left join typed as t on t.digest = n.digest
left join freed as w on w.repository = n.repository and w.digest = n.digest
left join pushed as u on u.repository = n.repository and u.digest = n.digest
order by w.frees_alone_bytes desc nulls last, n.repository, n.subject, n.digest, n.tag;
