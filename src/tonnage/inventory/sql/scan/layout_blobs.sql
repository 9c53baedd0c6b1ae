-- Blobs of OCI image layouts, one row per digest until the copies of each are told apart. Part -1: never carried.
insert into staged_blob
select digest, max(size_bytes), arg_min(modified_us, path) filter (where size_bytes > 0), -1
from staged_layout_file
where digest is not null
group by digest;
