-- Uploads that nothing was written to for so many days. One row per upload, with its folder below v2/.
select 'repositories/' || u.repository || '/_uploads/' || u.upload as path
from upload as u
where coalesce(greatest(u.started_at, u.modified_at), timestamp '1970-01-01')
    < (select max(started_at) from scan) - to_days(cast($days as integer))
order by path;
