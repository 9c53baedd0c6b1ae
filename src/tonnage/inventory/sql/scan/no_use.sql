-- Where nothing tells of any use, nothing is known of any revision. Else last_use.sql says what is.
insert into store.last_use
select repository_id, digest_id, null, null
from store.revision_state
where not exists (select 1 from store.last_use)
order by repository_id, digest_id;
