-- Add what goes to gc_removed_blob: all that is not marked, and by digest.
insert into gc_removed_blob
select digest_id from gc_unmarked_blob where $all
union
select digest_id from store.digest where digest in (select unnest(cast($digests as varchar[])));
