-- What deleting a revision, and nothing else, takes with it and frees. One row per repository and revision.
create table store.deletion (
    repository_id integer not null,
    digest_id integer not null,
    goes_count bigint not null,
    frees_alone_bytes bigint not null
);
comment on table store.deletion is 'What deleting a revision, and nothing else, takes with it and frees. One row per repository and revision.';
comment on column store.deletion.repository_id is 'Repository.';
comment on column store.deletion.digest_id is 'Digest of the manifest.';
comment on column store.deletion.goes_count is 'Revisions that go, itself included; 0 where an index that stays lists it, so that it cannot be deleted.';
comment on column store.deletion.frees_alone_bytes is 'Bytes that the next collection then frees; at most, where untagged revisions are unknown.';
