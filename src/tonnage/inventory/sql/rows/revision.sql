-- Revisions. The content of a link wins over its path, as it does for the registry.
insert into store.revision
select
    repository, coalesce(content_digest, path_digest), path_digest, content_digest is not null, size_bytes,
    make_timestamp(modified_us), part_id
from arrived;
