-- What each repository needs. One row per repository and blob.
create or replace view repository_blob as
select
    p.repository,
    d.digest,
    u.size_bytes
from store.repository_group as g
join store.usage as u on u.group_id = g.group_id
join store.repository as p on p.repository_id = g.repository_id
join store.digest as d on d.digest_id = u.blob_id;
comment on view repository_blob is 'What each repository needs. One row per repository and blob.';
comment on column repository_blob.repository is 'Name of the repository.';
comment on column repository_blob.digest is 'Digest of a blob that one of its revisions needs.';
comment on column repository_blob.size_bytes is 'Stored size in bytes.';
