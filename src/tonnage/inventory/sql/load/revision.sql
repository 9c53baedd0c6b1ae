-- The content of a link wins over its path, as it does for the registry.
insert into store.revision
select
    p.repository_id, d.digest_id, path.digest_id, r.content_digest is not null, r.size_bytes, make_timestamp(r.modified_us), r.part_id
from staged_revision as r
join store.repository as p using (repository)
join numbered as d on d.staged_id = coalesce(r.content_digest, r.path_digest)
join numbered as path on path.staged_id = r.path_digest
order by p.repository_id, d.digest_id;
