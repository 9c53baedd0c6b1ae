-- Uploads, open or abandoned; garbage collection never takes them. One row per upload.
-- $repository repository any: only uploads into these repositories
-- $older_than days 0: only uploads begun at least this many days before the scan
-- Needs: files
-- Example: tonnage uploads --older-than 7d
select
    u.repository,
    u.upload,
    u.size_bytes,
    coalesce(u.started_at, u.modified_at) as started_at,
    u.is_purgeable
from upload as u
where u.repository like $repository escape '!'
    and (
        $older_than = 0
        or coalesce(u.started_at, u.modified_at) < (select max(started_at) from scan) - $older_than * interval '1 day'
    )
order by u.size_bytes desc, u.repository, u.upload;
