-- How the storage grew from scan to scan. One row per scan.
-- $repository text any: only the bytes of this repository
-- size_bytes: bytes of all files counted, or of the blobs the repository needs; null where files were not listed
-- grown_bytes: how many more than at the scan before; null for the first
-- Example: tonnage growth --repository ml/training
select
    s.scan_id,
    s.finished_at,
    v.size_bytes,
    v.size_bytes - lag(v.size_bytes) over (order by s.scan_id) as grown_bytes
from scan as s
join (
    select scan_id, size_bytes from scan where $repository = 'any'
    union all
    select scan_id, stored_bytes from scan_repository where repository = $repository
) as v on v.scan_id = s.scan_id
order by s.scan_id;
