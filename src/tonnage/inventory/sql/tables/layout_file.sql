-- Files of OCI image layouts: blobs, indexes and markers, each under each of its names. One row per path.
create table store.layout_file (
    repository_id integer,
    digest_id integer,
    path varchar not null,
    size_bytes bigint not null,
    modified_at timestamp,
    inode bigint,
    part_id integer not null
);
comment on table store.layout_file is 'Files of OCI image layouts: blobs, indexes and markers, each under each of its names. One row per path.';
comment on column store.layout_file.repository_id is 'Repository; null in the pool from which repositories share blobs.';
comment on column store.layout_file.digest_id is 'Digest of the blob, as its path spells it; null for index.json and oci-layout.';
comment on column store.layout_file.path is 'Path below the root.';
comment on column store.layout_file.size_bytes is 'Size in bytes; 0 for a name whose bytes lie elsewhere: a symbolic link, an empty object that stands for another.';
comment on column store.layout_file.modified_at is 'When it was last written, UTC.';
comment on column store.layout_file.inode is 'Number of a file with several names (hard links), the same for each; null for one with a single name.';
comment on column store.layout_file.part_id is 'Part of the storage it was listed with.';
