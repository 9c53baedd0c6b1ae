-- What each scan found, by class. One row per scan and class.
create or replace view scan_class as
select
    t.scan_id,
    s.finished_at,
    t.class,
    t.files_count,
    t.size_bytes
from store.scan_class as t
join store.scan as s on s.scan_id = t.scan_id;
comment on view scan_class is 'What each scan found, by class. One row per scan and class.';
comment on column scan_class.scan_id is 'Scan.';
comment on column scan_class.finished_at is 'When the scan was done, UTC.';
comment on column scan_class.class is 'tagged, untagged, orphaned, links, uploads, strays.';
comment on column scan_class.files_count is 'Number of files; null where unknown.';
comment on column scan_class.size_bytes is 'Bytes of the files; null where unknown.';
