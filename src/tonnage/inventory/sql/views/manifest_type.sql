-- What each manifest is for: image, cache, chart, model, signature, … One row per manifest.
create or replace view store.manifest_type as
with rule (rank, prefix, type) as (
    -- The first that fits the artifact type, or the media type of the config or of a layer; ranks have two digits. Sources: sigstore/cosign
    -- specs/SIGNATURE_SPEC.md, notaryproject/specifications, in-toto/attestation, spdx.dev, cyclonedx.org, helm.sh HIP 6,
    -- moby/buildkit cache/remotecache, modelpack/model-spec, kitops, docker/model-spec, ollama, CNCF TAG runtime (wasm).
    values
        (10, 'application/vnd.dev.cosign.artifact.sig', 'signature'), (10, 'application/vnd.dev.cosign.simplesigning', 'signature'),
        (10, 'application/vnd.cncf.notary', 'signature'), (10, 'application/vnd.dev.sigstore.bundle', 'signature'),
        (20, 'application/spdx', 'sbom'), (20, 'text/spdx', 'sbom'), (20, 'application/vnd.cyclonedx', 'sbom'),
        (20, 'application/vnd.syft', 'sbom'), (20, 'application/vnd.dev.cosign.artifact.sbom', 'sbom'),
        (30, 'application/vnd.in-toto', 'attestation'), (30, 'application/vnd.dsse.envelope', 'attestation'),
        (30, 'application/vnd.dev.cosign.artifact.att', 'attestation'),
        (40, 'application/vnd.buildkit.cacheconfig', 'cache'),
        (50, 'application/vnd.cncf.helm', 'chart'),
        (60, 'application/vnd.cncf.model', 'model'), (60, 'application/vnd.kitops', 'model'),
        (60, 'application/vnd.docker.ai', 'model'), (60, 'application/vnd.ollama', 'model'),
        (70, 'application/vnd.wasm', 'wasm'), (70, 'application/vnd.module.wasm', 'wasm'),
        (75, 'application/vnd.docker.plugin', 'plugin'),
        (80, 'application/vnd.oci.image.config', 'image'), (80, 'application/vnd.docker.container.image', 'image')
),
known as (
    -- Each media type there is, by the first rule that fits it: they are few, and named by millions of references.
    select media_type, min(cast(rank as varchar) || r.type) as ranked
    from (
        select artifact_type as media_type from store.manifest
        union
        select config_media_type from store.manifest
        union
        select media_type from store.manifest_ref where role not in ('subject', 'manifest')
    ) as n
    join rule as r on starts_with(n.media_type, r.prefix)
    group by media_type
),
ruled as (
    select n.digest_id, substr(min(k.ranked), 3) as type
    from (
        select digest_id, artifact_type as media_type from store.manifest
        union all
        select digest_id, config_media_type from store.manifest
        union all
        select parent_id, media_type from store.manifest_ref where role not in ('subject', 'manifest')
    ) as n
    join known as k on k.media_type = n.media_type
    group by n.digest_id
),
alone as (
    -- What a manifest is by itself; an index by what it lists, unless it says so itself.
    select
        m.digest_id,
        m.kind,
        case
            when r.type is not null then r.type
            when m.kind in ('schema1', 'unreadable') then m.kind
            when m.kind = 'image' and coalesce(m.artifact_type, m.config_media_type) is null then 'image'
            when m.kind <> 'index' then 'artifact'
        end as type
    from store.manifest as m
    left join ruled as r on r.digest_id = m.digest_id
),
listed as (
    select r.root_id, case when bool_or(c.type = 'image') then 'image' else min(c.type) end as type
    from store.reach as r
    join alone as c on c.digest_id = r.blob_id and c.kind <> 'index'
    where r.root_id <> r.blob_id
    group by r.root_id
)
select
    a.digest_id,
    coalesce(a.type, case when t.subject_id is not null then 'referrers' end, l.type, 'index') as type
from alone as a
left join listed as l on l.root_id = a.digest_id
left join (select digest_id, min(subject_id) as subject_id from store.referrer_tag group by digest_id) as t on t.digest_id = a.digest_id;
comment on view store.manifest_type is 'What each manifest is for: image, cache, chart, model, signature, … One row per manifest.';
comment on column store.manifest_type.digest_id is 'Digest of the manifest.';
comment on column store.manifest_type.type is 'image, cache, chart, model, signature, attestation, sbom, referrers, wasm, plugin, artifact, schema1, index, unreadable.';
create or replace view manifest_type as
select
    d.digest,
    t.type,
    coalesce(m.artifact_type, m.config_media_type) as media_type
from store.manifest_type as t
join store.manifest as m on m.digest_id = t.digest_id
join store.digest as d on d.digest_id = t.digest_id and d.copy = 0;
comment on view manifest_type is 'What each manifest is for: image, cache, chart, model, signature, … One row per manifest.';
comment on column manifest_type.digest is 'Digest of the manifest.';
comment on column manifest_type.type is 'image; cache (buildkit''s); chart; model; signature, attestation, sbom; referrers: a list of these; wasm; plugin; artifact: of another type; schema1; index: an empty one; unreadable.';
comment on column manifest_type.media_type is 'Its artifact type, else the media type of its config; null where it has neither.';
