-- Uploads the server's own purging never takes.
-- Only where there is: store.upload where not is_purgeable
insert into store.problem
select 'unpurgeable_upload', 'repositories/' || p.repository || '/_uploads/' || u.upload, p.repository, null, u.size_bytes || ' bytes', null
from store.upload as u
join store.repository as p using (repository_id)
where not u.is_purgeable;
