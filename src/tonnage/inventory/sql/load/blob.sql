-- A blob seen twice, through a link, counts once.
insert into store.blob
select digest, max(size_bytes), make_timestamp(max(modified_us)), min(part_id)
from staged_blob
group by digest;
