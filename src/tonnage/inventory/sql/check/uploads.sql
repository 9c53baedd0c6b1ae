-- Uploads that wait, and those begun more than a week before the scan, which a registry purges where it is configured to. One row.
with begun as (
    select size_bytes, coalesce(started_at, modified_at) < (select max(started_at) from scan) - interval '7 days' as is_old
    from upload
),
parts as (
    select size_bytes from multipart_upload where started_at < (select max(started_at) from scan) - interval '7 days'
)
select
    (select count(*) from begun) as uploads_count,
    (select count(*) from begun where is_old) as old_count,
    coalesce((select sum(size_bytes) from begun where is_old), 0) as old_bytes,
    (select count(*) from parts) as multipart_count,
    coalesce((select sum(size_bytes) from parts), 0) as multipart_bytes;
