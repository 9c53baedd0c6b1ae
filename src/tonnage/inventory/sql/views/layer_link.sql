-- Layer links: this repository may serve this blob. One row per link.
create or replace view layer_link as
select
    p.repository,
    d.digest,
    path.digest as path_digest,
    t.is_link_valid,
    t.size_bytes,
    t.modified_at,
    b.digest_id is null as is_dead
from store.layer_link as t
join store.repository as p on p.repository_id = t.repository_id
join store.digest as d on d.digest_id = t.digest_id
join store.digest as path on path.digest_id = t.path_digest_id
left join store.blob as b on b.digest_id = t.digest_id;
comment on view layer_link is 'Layer links: this repository may serve this blob. One row per link.';
comment on column layer_link.repository is 'Repository.';
comment on column layer_link.digest is 'Digest of the stored blob: what the link says, or its path where the link says nothing.';
comment on column layer_link.path_digest is 'Digest that the path of the link spells; another one for a layer pushed by its sha512 digest.';
comment on column layer_link.is_link_valid is 'Whether the link holds a digest.';
comment on column layer_link.size_bytes is 'Size of the link file in bytes; null where the storage keeps no such file.';
comment on column layer_link.modified_at is 'When the link was written, UTC.';
comment on column layer_link.is_dead is 'Whether the blob is not stored.';
