-- Digests met, by their number.
insert into store.digest
select digest_id, digest, 0 from arrived;
