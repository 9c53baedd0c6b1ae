-- Digests that tags point to now or pointed to once.
insert into store.tag_history
select repository, tag, digest, size_bytes, make_timestamp(modified_us), part_id
from arrived;
