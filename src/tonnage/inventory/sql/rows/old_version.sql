-- Objects that were deleted or overwritten, and are kept.
insert into store.old_version
select path, size_bytes, make_timestamp(modified_us), part_id
from arrived;
