-- Add what is near to some repositories.
insert into gc_near
with link as (
    select repository_id, digest_id, path_digest_id from store.revision
    union all
    select repository_id, digest_id, path_digest_id from store.layer_link
    union all
    select repository_id, content_id, content_id from store.stray where content_id is not null
    union all
    select repository_id, content_id, content_id from store.extra_link where content_id is not null
),
home as (
    select repository_id from gc_walk where rank between $first_rank and $last_rank
)
select digest_id from link where repository_id in (select repository_id from home)
union
select path_digest_id from link where repository_id in (select repository_id from home);
