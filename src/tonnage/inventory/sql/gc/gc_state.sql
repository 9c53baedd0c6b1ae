-- How each revision is held after the deletions. Only in repositories of which something was deleted it differs from what
-- store.revision_state says. One row per revision.
create or replace temp view gc_state as
select s.repository_id, s.digest_id, s.state
from store.revision_state as s
where s.repository_id not in (select repository_id from gc_deletion)
union all
select repository_id, digest_id, state from gc_touched_state;
