-- Files that fit nothing.
insert into store.stray
select path, repository, tag, size_bytes, make_timestamp(modified_us), content_digest, part_id
from arrived;
