-- Stored bytes that no manifest of another type needs, by what the manifests are for. One row per type.
-- type: gauge
-- kind: image, cache, chart, model, signature, attestation, sbom, referrers, wasm, plugin, artifact, schema1, index, unreadable
select type as kind, exclusive_bytes as value
from type_usage
order by type;
