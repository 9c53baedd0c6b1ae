-- How many tags lead to a revision, how many revisions there are, and repositories that no tag leads into. One row.
select
    (
        select count(*)
        from store.tag as t
        join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = t.digest_id
    ) as tags_count,
    (select count(*) from store.revision_state) as revisions_count,
    (
        select count(*)
        from (select distinct repository_id from store.revision_state) as p
        where not exists (
            select 1 from store.tag as t where t.repository_id = p.repository_id and t.digest_id is not null
        )
    ) as tagless_count;
