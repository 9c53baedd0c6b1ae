-- Blobs of OCI image layouts, one row per digest until the copies of each are told apart. Part -1: of no part.
insert into store.blob
select digest_id, max(size_bytes), arg_min(modified_at, path) filter (where size_bytes > 0), -1
from store.layout_file
where digest_id is not null
group by digest_id;
