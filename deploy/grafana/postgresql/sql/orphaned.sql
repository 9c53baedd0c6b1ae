-- The hundred largest blobs that no manifest refers to; what is pinned may be needed by a manifest that cannot be read. tonnage orphans
select digest, size_bytes, modified_at, is_pinned
from "$schema".orphaned
order by size_bytes desc, digest
limit 100
