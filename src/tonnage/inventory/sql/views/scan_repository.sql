-- What each scan found, by repository. One row per scan and repository.
create or replace view scan_repository as
select
    t.scan_id,
    s.finished_at,
    t.repository,
    t.tags_count,
    t.revisions_count,
    t.stored_bytes,
    t.exclusive_bytes,
    t.logical_bytes
from store.scan_repository as t
join store.scan as s on s.scan_id = t.scan_id;
comment on view scan_repository is 'What each scan found, by repository. One row per scan and repository.';
comment on column scan_repository.scan_id is 'Scan.';
comment on column scan_repository.finished_at is 'When the scan was done, UTC.';
comment on column scan_repository.repository is 'Name of the repository.';
comment on column scan_repository.tags_count is 'Number of its tags.';
comment on column scan_repository.revisions_count is 'Number of its revisions; null where untagged ones are unknown.';
comment on column scan_repository.stored_bytes is 'Bytes of the blobs its revisions need.';
comment on column scan_repository.exclusive_bytes is 'Bytes that no other repository needs.';
comment on column scan_repository.logical_bytes is 'Bytes it would take if nothing were shared.';
