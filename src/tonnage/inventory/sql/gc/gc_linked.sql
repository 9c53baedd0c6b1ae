-- Revisions that a collector finds, where their links and blobs are as they should be, and whether a tag is on them. One
-- row per repository and revision.
create or replace temp table gc_linked as
with tagged as (
    select distinct repository_id, digest_id from gc_own_tag where has_link
)
select r.repository_id, r.digest_id, t.digest_id is not null as is_tagged
from gc_revision as r
join store.blob as b using (digest_id)
left join tagged as t on t.repository_id = r.repository_id and t.digest_id = r.digest_id;
