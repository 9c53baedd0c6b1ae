-- Links the registry itself never reads.
insert into store.extra_link
select kind, repository, digest, path, size_bytes, content_digest, part_id
from arrived;
