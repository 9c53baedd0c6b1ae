-- Open uploads in parts.
insert into store.multipart_upload
select path, upload_id, size_bytes, make_timestamp(started_us), part_id
from arrived;
