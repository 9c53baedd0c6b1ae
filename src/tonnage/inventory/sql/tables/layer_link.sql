-- Layer links: this repository may serve this blob. One row per link.
create table store.layer_link (
    repository_id integer not null,
    digest_id integer not null,
    path_digest_id integer not null,
    is_link_valid boolean not null,
    size_bytes bigint,
    modified_at timestamp,
    part_id integer not null
);
comment on table store.layer_link is 'Layer links: this repository may serve this blob. One row per link.';
comment on column store.layer_link.repository_id is 'Repository.';
comment on column store.layer_link.digest_id is 'Digest of the stored blob: what the link says, or its path where the link says nothing.';
comment on column store.layer_link.path_digest_id is 'Digest that the path of the link spells; another one for a layer pushed by its sha512 digest.';
comment on column store.layer_link.is_link_valid is 'Whether the link holds a digest.';
comment on column store.layer_link.size_bytes is 'Size of the link file in bytes; null where the storage keeps no such file.';
comment on column store.layer_link.modified_at is 'When the link was written, UTC.';
comment on column store.layer_link.part_id is 'Part of the storage it was listed with.';
