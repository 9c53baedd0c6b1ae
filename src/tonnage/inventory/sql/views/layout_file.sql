-- Files of OCI image layouts: blobs, indexes and markers, each under each of its names. One row per path.
create or replace view layout_file as
select
    p.repository,
    d.digest,
    t.path,
    t.size_bytes,
    t.modified_at,
    t.inode
from store.layout_file as t
left join store.repository as p on p.repository_id = t.repository_id
left join store.digest as d on d.digest_id = t.digest_id;
comment on view layout_file is 'Files of OCI image layouts: blobs, indexes and markers, each under each of its names. One row per path.';
comment on column layout_file.repository is 'Repository; null in the pool from which repositories share blobs.';
comment on column layout_file.digest is 'Digest of the blob, as its path spells it; null for index.json and oci-layout.';
comment on column layout_file.path is 'Path below the root.';
comment on column layout_file.size_bytes is 'Size in bytes; 0 for a name whose bytes lie elsewhere: a symbolic link, an empty object that stands for another.';
comment on column layout_file.modified_at is 'When it was last written, UTC.';
comment on column layout_file.inode is 'Number of a file with several names (hard links), the same for each; null for one with a single name.';
