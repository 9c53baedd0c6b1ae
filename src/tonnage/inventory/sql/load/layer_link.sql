-- The content of a link wins over its path: a layer pushed by its sha512 digest is stored under its sha256 one.
insert into store.layer_link
select
    p.repository_id, coalesce(l.content_digest, l.path_digest), l.path_digest, l.content_digest is not null, l.size_bytes,
    make_timestamp(l.modified_us), l.part_id
from staged_layer_link as l
join store.repository as p using (repository);
