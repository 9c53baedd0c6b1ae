-- Tags that the collector finds, those without a current link too: the storage's own, as it knows of no others. One row
-- per tag.
create or replace temp view gc_own_tag as
with own as (
    select repository_id, tag, digest_id, has_link from store.tag where not (select has_given_tags from store.source)
    union all
    select repository_id, tag, digest_id, has_link from store.storage_tag
)
select t.repository_id, t.tag, t.digest_id, t.has_link
from own as t
where not exists (select 1 from gc_deletion as x where x.repository_id = t.repository_id and x.tag = t.tag)
    and not exists (
        select 1
        from gc_deletion as x
        where x.tag is null and x.repository_id = t.repository_id and x.digest_id = t.digest_id
    );
