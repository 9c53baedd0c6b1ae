-- When the revisions that go were last used: the last use that is known, since when none can have been, whether
-- that is as late as the scan, and of how many it is unknown. One row.
select
    count(*) as revisions_count,
    count(*) filter (where u.unused_since_at is null) as unknown_count,
    max(u.used_at) as used_at,
    max(u.unused_since_at) as unused_since_at,
    coalesce(max(u.unused_since_at) >= (select max(started_at) from store.scan), false) as is_recent
from (select distinct repository_id, digest_id from gone) as g
left join store.last_use as u on u.repository_id = g.repository_id and u.digest_id = g.digest_id;
