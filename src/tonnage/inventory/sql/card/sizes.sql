-- How large the storage was. One row per scan.
select finished_at, size_bytes from scan where size_bytes is not null order by finished_at, scan_id;
