-- Parts in which the earlier scan met what does not belong: their folders are opened again. Where something could not be
-- read, that says nothing of now: permission shows in no name, size or time. One row per part.
select part_id, bool_or(has_failed) as has_failed
from (
    select part_id, false as has_failed from store.stray
    union all
    select part_id, kind in ('unreadable', 'vanished') from store.problem where part_id is not null
    union all
    select part_id, false from store.empty_folder where regexp_matches(path, '^blobs/|/[0-9a-f]{3,}/[^/]+$')
)
group by part_id;
