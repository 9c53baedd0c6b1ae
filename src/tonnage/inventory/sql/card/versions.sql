-- Old versions that a bucket keeps; no row for one that keeps none. One row.
select coalesce((select sum(size_bytes) from old_version), 0) as size_bytes
from problem
where kind = 'versioned_bucket'
limit 1;
