-- Scans of this storage, this inventory's own and the earlier ones. One row per scan.
create or replace view scan as
select
    t.scan_id,
    t.started_at,
    t.finished_at,
    t.location,
    t.tonnage_version,
    t.schema_version,
    t.is_full,
    t.is_searched,
    t.files_count,
    t.size_bytes,
    t.read_count,
    t.problems_count
from store.scan as t;
comment on view scan is 'Scans of this storage, this inventory''s own and the earlier ones. One row per scan.';
comment on column scan.scan_id is 'Number of the scan; the largest made this inventory.';
comment on column scan.started_at is 'When it began, UTC.';
comment on column scan.finished_at is 'When it had all its rows, UTC.';
comment on column scan.location is 'What was scanned.';
comment on column scan.tonnage_version is 'Version of tonnage that scanned.';
comment on column scan.schema_version is 'Version of the tables.';
comment on column scan.is_full is 'Whether everything was read again; false where an earlier inventory was built upon.';
comment on column scan.is_searched is 'Whether the folders named by digest were opened in search of strays (--thorough, and small registries).';
comment on column scan.files_count is 'Number of files counted; null where the files were not listed.';
comment on column scan.size_bytes is 'Bytes of all files counted; null where the files were not listed.';
comment on column scan.read_count is 'Manifests and image configurations read by this scan.';
comment on column scan.problems_count is 'Problems found, notes not counted.';
