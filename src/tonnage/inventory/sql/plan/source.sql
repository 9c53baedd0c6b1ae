-- The scan a plan is made from. One row.
select
    s.location,
    s.scan_id,
    strftime(s.finished_at, '%Y-%m-%dT%H:%M:%S.%fZ') as finished_at,
    s.size_bytes as stored_bytes,
    (select cast(coalesce(sum(size_bytes), 0) as bigint) from store.blob) as blob_bytes
from store.scan as s
order by s.scan_id desc
limit 1;
