-- Add repositories in the order of the walk.
insert into gc_walk
select cast(unnest(range(len($repository_ids))) as integer), unnest(cast($repository_ids as integer[]));
