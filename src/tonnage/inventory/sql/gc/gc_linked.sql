-- Revisions that a collector finds, where their links and blobs are as they should be, and whether a tag is on them. Of
-- repositories without deletions, and with tags of their own, store.revision_state says so. One row per repository and
-- revision.
create or replace temp table gc_linked as
with touched as materialized (
    select p.repository_id
    from store.repository as p
    where (select has_given_tags from store.source) or p.repository_id in (select repository_id from gc_deletion)
),
tagged as materialized (
    select repository_id, digest_id
    from gc_own_tag
    where has_link and digest_id is not null and repository_id in (select repository_id from touched)
),
linked as (
    select s.repository_id, s.digest_id, s.state = 'tag' as is_tagged
    from store.revision_state as s
    where s.repository_id not in (select repository_id from touched)
    union all
    select
        r.repository_id,
        r.digest_id,
        exists (select 1 from tagged as t where t.repository_id = r.repository_id and t.digest_id = r.digest_id)
    from gc_revision as r
    where r.repository_id in (select repository_id from touched)
)
select repository_id, digest_id, is_tagged from linked where digest_id in (select digest_id from store.blob);
