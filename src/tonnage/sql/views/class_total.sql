-- What the bytes on disk are. The rows add up to all the files. One row per class.
create or replace view class_total as
select u.class, count(*) as files_count, cast(sum(u.size_bytes) as bigint) as size_bytes
from store.usage as u
group by u.class
union all
select 'links', count(*), cast(coalesce(sum(l.size_bytes), 0) as bigint)
from (
    select size_bytes from store.revision
    union all select size_bytes from store.tag where has_link
    union all select size_bytes from store.tag_history
    union all select size_bytes from store.layer_link
    union all select size_bytes from store.extra_link
) as l
having count(*) > 0
union all
select 'uploads', cast(sum(files_count) as bigint), cast(sum(size_bytes) as bigint)
from store.upload
having count(*) > 0
union all
select 'strays', count(*), cast(sum(size_bytes) as bigint)
from store.stray
having count(*) > 0;
comment on view class_total is 'What the bytes on disk are. The rows add up to all the files. One row per class.';
comment on column class_total.class is 'tagged, untagged, orphaned: blobs. links: small files of the registry itself. uploads. strays.';
comment on column class_total.files_count is 'Number of files.';
comment on column class_total.size_bytes is 'Bytes of the files.';
