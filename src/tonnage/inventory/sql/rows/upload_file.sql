-- Files of uploads.
insert into store.upload_file
select repository, upload, part, started, size_bytes, make_timestamp(modified_us), part_id
from arrived;
