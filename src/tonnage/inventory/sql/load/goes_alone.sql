-- What goes if a revision is deleted, where none holds another: itself. Else goes_with.sql tells.
insert into store.goes_with
select repository_id, digest_id, digest_id
from store.revision_state
where not exists (select 1 from store.hold)
order by repository_id, digest_id;
