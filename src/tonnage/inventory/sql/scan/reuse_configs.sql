-- Take over image configurations of these digests that the earlier scan read.
create or replace temp table reused as
select digest_id from earlier.store.digest where digest in (select unnest($digests));
insert into store.image from earlier.store.image where config_id in (from reused);
insert into store.label from earlier.store.label where config_id in (from reused);
insert into store.history from earlier.store.history where config_id in (from reused);
insert into store.diff_id from earlier.store.diff_id where config_id in (from reused);
