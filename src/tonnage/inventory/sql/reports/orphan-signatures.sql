-- Signatures, attestations and SBOMs whose image is gone: revisions about a subject, and tags named after one, that the repository does not have. One row per repository, digest and tag.
-- $repository repository any: only what is in these repositories
-- subject: digest of what it is about, which the repository does not have
-- digest: digest of the manifest; null where the tag leads nowhere
-- tag: the tag that stands for it, sha256-…; null for a revision that names its subject itself
-- type: what it is: signature, attestation, sbom, referrers, …
-- frees_alone_bytes: bytes that deleting it frees if nothing else goes
-- Example: tonnage orphan-signatures
with named as (
    select
        t.repository,
        t.tag,
        t.digest,
        'sha256:' || regexp_replace(t.tag, '^sha256-([0-9a-f]{64})([.].*)?$', '\1') as subject
    from tag as t
    where t.tag <> '' and regexp_replace(t.tag, '^sha256-[0-9a-f]{64}([.].*)?$', '') = ''
    union all
    select r.repository, null, r.digest, m.subject
    from (select distinct repository, digest from revision) as r
    join manifest as m on m.digest = r.digest
    where m.subject is not null
)
select
    n.repository,
    n.subject,
    n.digest,
    n.tag,
    t.type,
    u.frees_alone_bytes,
    u.pushed_at
from named as n
left join manifest_type as t on t.digest = n.digest
left join revision_usage as u on u.repository = n.repository and u.digest = n.digest
where n.repository like $repository escape '!'
    and not exists (select 1 from revision as r where r.repository = n.repository and r.digest = n.subject)
order by u.frees_alone_bytes desc nulls last, n.repository, n.subject, n.digest, n.tag;
