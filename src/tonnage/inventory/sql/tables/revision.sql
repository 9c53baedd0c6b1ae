-- Revision links: this repository has this manifest. One row per link.
create table store.revision (
    repository_id integer not null,
    digest_id integer not null,
    path_digest_id integer not null,
    is_link_valid boolean not null,
    size_bytes bigint,
    modified_at timestamp,
    part_id integer not null
);
comment on table store.revision is 'Revision links: this repository has this manifest. One row per link.';
comment on column store.revision.repository_id is 'Repository.';
comment on column store.revision.digest_id is 'Digest of the manifest: what the link says, or its path where the link says nothing.';
comment on column store.revision.path_digest_id is 'Digest that the path of the link spells.';
comment on column store.revision.is_link_valid is 'Whether the link holds a digest.';
comment on column store.revision.size_bytes is 'Size of the link file in bytes; null where the files were not listed.';
comment on column store.revision.modified_at is 'When the link was written, UTC: when this manifest was pushed here.';
comment on column store.revision.part_id is 'Part of the storage it was listed with.';
