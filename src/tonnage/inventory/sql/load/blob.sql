-- A blob seen twice, through a link, counts once.
insert into store.blob
select d.digest_id, max(b.size_bytes), make_timestamp(max(b.modified_us)), min(b.part_id)
from staged_blob as b
join numbered as d on d.staged_id = b.digest
group by d.digest_id
order by d.digest_id;
