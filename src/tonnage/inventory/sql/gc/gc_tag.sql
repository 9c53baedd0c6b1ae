-- Tags that are left, those given from outside included: a deletion by digest takes all that point to it. One row per tag.
create or replace temp view gc_tag as
select t.repository_id, t.tag, t.digest_id, t.has_link, t.size_bytes
from store.tag as t
where not exists (select 1 from gc_deletion as x where x.repository_id = t.repository_id and x.tag = t.tag)
    and not exists (
        select 1
        from gc_deletion as x
        where x.tag is null and x.repository_id = t.repository_id and x.digest_id = t.digest_id
    );
