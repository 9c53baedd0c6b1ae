-- What each repository needs. One row per repository and blob.
create or replace view repository_blob as
select
    p.repository,
    d.digest,
    n.size_bytes
from (
    -- by numbers first: the texts are joined to each pair once, and not to each revision's
    select distinct s.repository_id, r.blob_id, u.size_bytes
    from store.revision_state as s
    join store.reach as r on r.root_id = s.digest_id
    join store.usage as u on u.blob_id = r.blob_id
) as n
join store.repository as p on p.repository_id = n.repository_id
join store.digest as d on d.digest_id = n.blob_id;
comment on view repository_blob is 'What each repository needs. One row per repository and blob.';
comment on column repository_blob.repository is 'Name of the repository.';
comment on column repository_blob.digest is 'Digest of a blob that one of its revisions needs.';
comment on column repository_blob.size_bytes is 'Stored size in bytes.';
