-- Add repositories of the walk.
insert into gc_place
select unnest(cast($ranks as integer[])), unnest(cast($repository_ids as integer[]));
