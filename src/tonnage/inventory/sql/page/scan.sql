-- The scan that made the inventory. One row.
select scan_id, finished_at, location, files_count, size_bytes, is_searched, problems_count
from scan
order by scan_id desc
limit 1;
