-- What each revision needs, and what deleting it, and nothing else, takes with it and frees. One row per repository and revision.
create table store.deletion (
    repository_id integer not null,
    digest_id integer not null,
    goes_count bigint not null,
    frees_alone_bytes bigint not null,
    is_held boolean not null,
    stored_bytes bigint,
    exclusive_bytes bigint,
    tag_exclusive_bytes bigint
);
comment on table store.deletion is 'What each revision needs, and what deleting it, and nothing else, takes with it and frees. One row per repository and revision.';
comment on column store.deletion.repository_id is 'Repository.';
comment on column store.deletion.digest_id is 'Digest of the manifest.';
comment on column store.deletion.goes_count is 'Revisions that go, itself included; 0 where an index that stays lists it, so that it cannot be deleted.';
comment on column store.deletion.frees_alone_bytes is 'Bytes that the next collection then frees; at most, where untagged revisions are unknown.';
comment on column store.deletion.is_held is 'Whether an index, a subject or the name of a tag holds it, in its repository.';
comment on column store.deletion.stored_bytes is 'Bytes of all blobs it reaches; null where it reaches none.';
comment on column store.deletion.exclusive_bytes is 'Of these, bytes that no other revision needs.';
comment on column store.deletion.tag_exclusive_bytes is 'Of these, bytes that one tag alone leads to.';
