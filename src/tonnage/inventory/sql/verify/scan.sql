-- What was scanned last, and whether that was after a moment. One row.
select location, finished_at > cast($since as timestamp) as is_later
from scan
order by scan_id desc
limit 1;
