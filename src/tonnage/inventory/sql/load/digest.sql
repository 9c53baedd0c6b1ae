-- Every digest met, by its number.
insert into store.digest
select digest_id, digest, 0 from staged_digest;
