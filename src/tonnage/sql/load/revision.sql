-- The content of a link wins over its path, as it does for the registry.
insert into store.revision
select
    p.repository_id, d.digest_id, path.digest_id, r.content_digest is not null, r.size_bytes, make_timestamp(r.modified_us), r.part_id
from staged_revision as r
join store.repository as p using (repository)
join store.digest as d on d.digest = coalesce(r.content_digest, r.path_digest)
join store.digest as path on path.digest = r.path_digest
order by p.repository_id, d.digest_id;
