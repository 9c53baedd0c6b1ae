-- The content of a link wins over its path: a layer pushed by its sha512 digest is stored under its sha256 one.
insert into store.layer_link
select
    p.repository_id, d.digest_id, path.digest_id, l.content_digest is not null, l.size_bytes, make_timestamp(l.modified_us), l.part_id
from staged_layer_link as l
join store.repository as p using (repository)
join numbered as d on d.staged_id = coalesce(l.content_digest, l.path_digest)
join numbered as path on path.staged_id = l.path_digest
order by p.repository_id, path.digest_id;
