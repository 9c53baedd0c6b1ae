-- Bytes by class over the scans kept. One row per scan and class.
select s.scan_id, s.finished_at, c.class, c.size_bytes
from store.scan as s
join store.scan_class as c on c.scan_id = s.scan_id
where c.size_bytes is not null
order by s.finished_at, s.scan_id, c.class;
