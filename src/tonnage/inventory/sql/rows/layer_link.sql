-- Layer links. The content of a link wins over its path: a layer pushed by its sha512 digest is stored under its sha256 one.
insert into store.layer_link
select
    repository, coalesce(content_digest, path_digest), path_digest, content_digest is not null, size_bytes,
    make_timestamp(modified_us), part_id
from arrived;
