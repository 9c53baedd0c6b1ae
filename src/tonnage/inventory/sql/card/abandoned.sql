-- Uploads begun more than a week before the scan: what registries purge, where they do. One row.
select
    count(*) as uploads_count,
    coalesce(sum(size_bytes), 0) as size_bytes
from upload
where coalesce(started_at, modified_at) < (select max(started_at) from scan) - interval '7 days';
