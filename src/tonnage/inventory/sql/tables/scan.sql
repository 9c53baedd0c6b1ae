-- Scans of this storage, this inventory's own and the earlier ones. One row per scan.
create table store.scan (
    scan_id integer not null,
    started_at timestamp not null,
    finished_at timestamp not null,
    location varchar not null,
    tonnage_version varchar not null,
    schema_version integer not null,
    is_full boolean not null,
    is_searched boolean not null,
    files_count bigint,
    size_bytes bigint,
    read_count bigint not null,
    problems_count bigint not null
);
comment on table store.scan is 'Scans of this storage, this inventory''s own and the earlier ones. One row per scan.';
comment on column store.scan.scan_id is 'Number of the scan; the largest made this inventory.';
comment on column store.scan.started_at is 'When it began, UTC.';
comment on column store.scan.finished_at is 'When it had all its rows, UTC.';
comment on column store.scan.location is 'What was scanned.';
comment on column store.scan.tonnage_version is 'Version of tonnage that scanned.';
comment on column store.scan.schema_version is 'Version of the tables.';
comment on column store.scan.is_full is 'Whether everything was read again; false where an earlier inventory was built upon.';
comment on column store.scan.is_searched is 'Whether the folders named by digest were opened in search of strays (--thorough, and small registries).';
comment on column store.scan.files_count is 'Number of files counted; null where the files were not listed.';
comment on column store.scan.size_bytes is 'Bytes of all files counted; null where the files were not listed.';
comment on column store.scan.read_count is 'Manifests and image configurations read by this scan.';
comment on column store.scan.problems_count is 'Problems found, notes not counted.';
