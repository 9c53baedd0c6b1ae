-- Repositories with a tag that is not read as others are. One row per repository.
create or replace temp table gc_odd_tag as
select distinct repository_id
from gc_own_tag
where has_link and (digest_id is null or digest_id in (select digest_id from gc_odd_digest))
    or not regexp_full_match(tag, '[A-Za-z0-9._-]+');
