-- What each scan found, by repository. One row per scan and repository.
create table store.scan_repository (
    scan_id integer not null,
    repository varchar not null,
    tags_count bigint not null,
    revisions_count bigint,
    stored_bytes bigint not null,
    exclusive_bytes bigint not null,
    logical_bytes bigint not null
);
comment on table store.scan_repository is 'What each scan found, by repository. One row per scan and repository.';
comment on column store.scan_repository.scan_id is 'Scan.';
comment on column store.scan_repository.repository is 'Name of the repository.';
comment on column store.scan_repository.tags_count is 'Number of its tags.';
comment on column store.scan_repository.revisions_count is 'Number of its revisions; null where untagged ones are unknown.';
comment on column store.scan_repository.stored_bytes is 'Bytes of the blobs its revisions need.';
comment on column store.scan_repository.exclusive_bytes is 'Bytes that no other repository needs.';
comment on column store.scan_repository.logical_bytes is 'Bytes it would take if nothing were shared.';
