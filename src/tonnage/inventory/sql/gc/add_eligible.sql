-- Add revisions that are to go.
insert into gc_eligible
select unnest(cast($repository_ids as integer[])), unnest(cast($digest_ids as integer[]));
