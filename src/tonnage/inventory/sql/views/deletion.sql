-- What deleting a revision, and nothing else, takes with it and frees. One row per repository and revision.
create or replace view deletion as
select
    p.repository,
    d.digest,
    t.goes_count,
    t.frees_alone_bytes
from store.deletion as t
join store.repository as p on p.repository_id = t.repository_id
join store.digest as d on d.digest_id = t.digest_id;
comment on view deletion is 'What deleting a revision, and nothing else, takes with it and frees. One row per repository and revision.';
comment on column deletion.repository is 'Repository.';
comment on column deletion.digest is 'Digest of the manifest.';
comment on column deletion.goes_count is 'Revisions that go, itself included; 0 where an index that stays lists it, so that it cannot be deleted.';
comment on column deletion.frees_alone_bytes is 'Bytes that the next collection then frees, as tonnage what-if says; at most, where untagged revisions are unknown.';
