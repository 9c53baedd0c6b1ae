-- The content of a link wins over its path, as it does for the registry.
insert into store.revision
select
    p.repository_id, coalesce(r.content_digest, r.path_digest), r.path_digest, r.content_digest is not null, r.size_bytes,
    make_timestamp(r.modified_us), r.part_id
from staged_revision as r
join store.repository as p using (repository);
