-- Files of OCI image layouts.
insert into store.layout_file
select repository, digest, path, size_bytes, make_timestamp(modified_us), inode, part_id
from arrived;
