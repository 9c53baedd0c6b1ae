-- Whether the scan opened every folder in search of strays. One row.
select is_searched from store.scan order by scan_id desc limit 1;
