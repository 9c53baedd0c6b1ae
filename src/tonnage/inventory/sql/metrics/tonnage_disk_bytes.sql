-- Bytes of the files in the storage by what they are; the classes add up to all files. One row per class.
-- type: gauge
-- class: tagged, untagged, orphaned: blobs; links: small files of the registry itself; uploads; strays; multipart, versions: of a bucket, what no listing shows
select n.class, case when t.class is not null then t.size_bytes when (select has_files from source) then 0 end as value
from (values ('tagged'), ('untagged'), ('orphaned'), ('links'), ('uploads'), ('strays'), ('multipart'), ('versions')) as n (class)
left join class_total as t on t.class = n.class
order by n.class;
