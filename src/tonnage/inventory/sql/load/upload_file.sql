-- Files of uploads.
insert into store.upload_file
select p.repository_id, u.upload, u.part, u.started, u.size_bytes, make_timestamp(u.modified_us), u.part_id
from staged_upload_file as u
join store.repository as p using (repository)
order by p.repository_id, u.upload, u.part;
