-- Every digest met, by its number.
insert into store.digest
select digest_id, digest from numbered order by digest_id;
