-- Tags of some repositories, those without a current link too: the storage's own, as the collector knows of no others.
-- One row per tag.
with own as (
    select repository_id, tag, digest_id, has_link from store.tag where not (select has_given_tags from store.source)
    union all
    select repository_id, tag, digest_id, has_link from store.storage_tag
)
select w.rank, t.tag, t.has_link, t.digest_id
from own as t
join gc_walk as w using (repository_id)
where w.rank between $first_rank and $last_rank
    and not exists (
        select 1
        from gc_deletion as x
        where x.repository_id = t.repository_id and (x.tag = t.tag or x.tag is null and x.digest_id = t.digest_id)
    );
