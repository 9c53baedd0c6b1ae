-- Blobs. One seen twice is one only in the end.
insert into store.blob
select digest, size_bytes, make_timestamp(modified_us), part_id
from arrived;
