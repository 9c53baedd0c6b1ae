-- Whether the earlier scan could not read something that may be there again. One row.
select count(*) > 0 as has_failed
from earlier.store.problem
where kind in ('unreadable', 'unreadable_manifest', 'unreadable_config', 'vanished');
