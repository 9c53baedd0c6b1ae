-- Revisions of repositories without oddities that are to go; 3.x leaves those that something marks. One row per
-- repository and revision.
create or replace temp view gc_plain_eligible as
select p.rank, r.repository_id, r.digest_id
from gc_linked as r
join gc_plain as p using (repository_id)
join gc_collector as c on c.delete_untagged
where not r.is_tagged and (c.version = 2 or r.digest_id not in (select digest_id from gc_mark));
