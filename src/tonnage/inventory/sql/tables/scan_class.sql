-- What each scan found, by class. One row per scan and class.
create table store.scan_class (scan_id integer not null, class varchar not null, files_count bigint, size_bytes bigint);
comment on table store.scan_class is 'What each scan found, by class. One row per scan and class.';
comment on column store.scan_class.scan_id is 'Scan.';
comment on column store.scan_class.class is 'tagged, untagged, orphaned, links, uploads, strays.';
comment on column store.scan_class.files_count is 'Number of files; null where unknown.';
comment on column store.scan_class.size_bytes is 'Bytes of the files; null where unknown.';
