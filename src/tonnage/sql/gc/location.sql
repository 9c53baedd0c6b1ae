-- Where the storage is. One row.
select location from store.scan order by scan_id desc limit 1;
