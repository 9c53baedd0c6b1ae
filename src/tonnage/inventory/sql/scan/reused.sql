-- The numbers of these digests in the earlier inventory: what is taken over is of them. One row per digest.
create or replace temp table reused as
select digest_id from earlier.store.digest where digest in (select unnest($digests));
