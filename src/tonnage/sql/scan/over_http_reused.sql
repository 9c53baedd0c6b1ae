-- What the earlier scan read and this one wants. One row per digest.
create or replace temp table reused as
select d.digest_id as digest
from earlier.store.digest as d
where d.digest in (select unnest($digests));
