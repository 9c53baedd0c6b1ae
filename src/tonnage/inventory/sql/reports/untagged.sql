-- Half-orphaned revisions, to be cleaned: no tag of their repository leads to them. One row per revision.
-- $repository repository any: only revisions of these repositories
-- $older_than days 0: only revisions pushed at least this many days before the scan, or at a time unknown
-- Needs: untagged
-- Example: tonnage untagged --older-than 30d --csv -o untagged.csv
select
    u.repository,
    u.digest,
    u.frees_alone_bytes,
    u.exclusive_bytes,
    u.stored_bytes,
    u.pushed_at,
    u.kind,
    u.shared_bytes,
    u.used_at,
    u.unused_since_at
from untagged as u
where u.repository like $repository escape '!'
    and (
        $older_than = 0
        or u.pushed_at is null
        or u.pushed_at < (select max(started_at) from scan) - $older_than * interval '1 day'
    )
order by u.frees_alone_bytes desc, u.exclusive_bytes desc, u.stored_bytes desc, u.repository, u.digest;
