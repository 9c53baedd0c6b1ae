-- What this scan found, by class.
insert into store.scan_class
select $scan_id, class, files_count, size_bytes from class_total order by class;
