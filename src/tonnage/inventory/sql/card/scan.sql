-- The scan that made the inventory. One row.
select location, finished_at, size_bytes, files_count, is_searched from scan order by scan_id desc limit 1;
