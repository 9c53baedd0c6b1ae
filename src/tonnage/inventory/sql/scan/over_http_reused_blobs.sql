-- Their sizes are those of what was read.
insert into staged_blob
select s.digest, b.size_bytes, null, 0
from reused as s
join earlier.store.blob as b using (digest_id)
where s.digest not in (select digest from staged_blob);
