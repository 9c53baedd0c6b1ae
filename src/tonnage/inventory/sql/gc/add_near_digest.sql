-- Add one digest.
insert into gc_near
select digest_id from store.digest where digest = $digest;
