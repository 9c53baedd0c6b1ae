-- Files of OCI image layouts.
insert into store.layout_file
select p.repository_id, f.digest, f.path, f.size_bytes, make_timestamp(f.modified_us), f.inode, f.part_id
from staged_layout_file as f
left join store.repository as p using (repository)
order by f.path;
