-- Access times; file systems can hold times that no calendar does.
insert into store.access
select digest, make_timestamp(read_us), part_id
from arrived
where read_us between -62135596800000000 and 253402300799999999;
