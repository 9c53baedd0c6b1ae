-- What the bytes on disk are. The rows add up to all the files; a class with nulls is unknown. One row per class.
create or replace view class_total as
with unknown as (
    select n.class
    from (values ('untagged'), ('orphaned'), ('links'), ('uploads'), ('strays')) as n(class)
    where case n.class
        when 'untagged' then not (select has_untagged from store.source)
        else not (select has_files from store.source)
    end
)
select u.class, count(*) as files_count, cast(sum(u.size_bytes) as bigint) as size_bytes
from store.usage as u
where u.class not in (select class from unknown)
group by u.class
union all
select 'links', count(*), cast(coalesce(sum(l.size_bytes), 0) as bigint)
from (
    select size_bytes from store.revision
    union all select size_bytes from store.tag where has_link
    union all select size_bytes from store.tag_history
    union all select size_bytes from store.layer_link
    union all select size_bytes from store.extra_link
    union all select max(size_bytes) from store.layout_file where digest_id is null group by coalesce(cast(inode as varchar), path)
) as l
where (select has_files from store.source) and l.size_bytes is not null
having count(*) > 0
union all
select 'uploads', cast(sum(files_count) as bigint), cast(sum(size_bytes) as bigint)
from store.upload
where (select has_files from store.source)
having count(*) > 0
union all
select 'strays', count(*), cast(sum(size_bytes) as bigint)
from store.stray
where (select has_files from store.source)
having count(*) > 0
union all
select 'multipart', count(*), cast(sum(size_bytes) as bigint)
from store.multipart_upload
having count(*) > 0
union all
select 'versions', count(*), cast(sum(size_bytes) as bigint)
from store.old_version
having count(*) > 0
union all
select class, null, null
from unknown;
comment on view class_total is 'What the bytes on disk are. The rows add up to all the files; a class with nulls is unknown. One row per class.';
comment on column class_total.class is 'tagged, untagged, orphaned: blobs. links: small files of the registry itself. uploads. strays. Of a bucket only: multipart, uploads in parts that are open; versions, objects deleted or overwritten and kept.';
comment on column class_total.files_count is 'Number of files; null where unknown.';
comment on column class_total.size_bytes is 'Bytes of the files; null where unknown.';
