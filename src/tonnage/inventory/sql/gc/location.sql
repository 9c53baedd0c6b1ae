-- Where the storage is, and when it was scanned. One row.
select location, finished_at from store.scan order by scan_id desc limit 1;
