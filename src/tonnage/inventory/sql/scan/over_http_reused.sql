-- What the earlier scan read and this one wants. One row per digest.
create or replace temp table reused as
select k.staged_id as digest, d.digest_id
from earlier.store.digest as d
join known as k using (digest_id)
where d.digest in (select unnest($digests));
