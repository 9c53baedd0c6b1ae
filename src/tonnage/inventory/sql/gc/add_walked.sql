-- Add repositories that the collector comes to.
insert into gc_walked
select unnest(cast($repository_ids as integer[]));
