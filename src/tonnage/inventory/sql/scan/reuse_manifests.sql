-- Take over manifests of these digests that the earlier scan read.
create or replace temp table reused as
select digest_id from earlier.store.digest where digest in (select unnest($digests));
insert into store.manifest from earlier.store.manifest where digest_id in (from reused);
insert into store.manifest_ref from earlier.store.manifest_ref where parent_id in (from reused);
insert into store.annotation from earlier.store.annotation where digest_id in (from reused);
