-- What this scan found, by class, where that is what the one before it found.
insert into store.scan_class
select $scan_id, class, files_count, size_bytes from store.scan_class where scan_id = $scan_id - 1 order by class;
