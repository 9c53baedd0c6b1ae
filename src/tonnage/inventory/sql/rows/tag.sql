-- Tags with a current link; those of which only the folder is left follow in the end.
insert into store.tag
select repository, tag, digest, true, size_bytes, make_timestamp(modified_us), part_id
from arrived;
