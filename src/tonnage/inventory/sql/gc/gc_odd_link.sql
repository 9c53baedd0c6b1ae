-- Repositories with a link that does not hold the digest its path spells. One row per repository.
create or replace temp table gc_odd_link as
with link as (
    select repository_id, digest_id, path_digest_id, is_link_valid from store.revision
    union all
    select repository_id, digest_id, path_digest_id, is_link_valid from store.layer_link
)
select distinct repository_id
from link
where not is_link_valid or digest_id <> path_digest_id or digest_id in (select digest_id from gc_odd_digest);
