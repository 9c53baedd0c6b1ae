-- Bytes of all blobs now, and of those written since a moment. One row.
select
    cast(coalesce(sum(size_bytes), 0) as bigint) as blob_bytes,
    cast(coalesce(sum(size_bytes) filter (where modified_at > cast($since as timestamp)), 0) as bigint) as new_bytes
from blob;
