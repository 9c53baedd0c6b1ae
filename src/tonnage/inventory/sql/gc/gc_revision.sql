-- Revision links that the collector finds. One row per link.
create or replace temp view gc_revision as
select r.repository_id, r.digest_id, r.path_digest_id, r.is_link_valid, r.size_bytes
from store.revision as r
where not exists (
    select 1
    from gc_deletion as x
    where x.tag is null and x.repository_id = r.repository_id and x.digest_id = r.path_digest_id
);
