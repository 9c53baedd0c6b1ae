-- How the storage grew from scan to scan; with --repository, how repositories did. One row per scan, or per scan and repository.
-- $repository repository any: only the bytes of these repositories, each by itself
-- size_bytes: bytes of all files counted, or of the blobs the repository needs; null where files were not listed
-- grown_bytes: how many more than at the scan before; null for the first
-- repository: the repository; null for the whole storage
-- Example: tonnage growth --repository ml/training
select
    s.scan_id,
    s.finished_at,
    v.size_bytes,
    v.size_bytes - lag(v.size_bytes) over (partition by v.repository order by s.scan_id) as grown_bytes,
    v.repository
from scan as s
join (
    select scan_id, null as repository, size_bytes from scan where $repository = '%'
    union all
    select scan_id, repository, stored_bytes
    from scan_repository
    where $repository <> '%' and repository like $repository escape '!'
) as v on v.scan_id = s.scan_id
order by v.repository, s.scan_id;
