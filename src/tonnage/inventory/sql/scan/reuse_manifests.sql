-- Take over manifests in `reused`.
insert into store.manifest from earlier.store.manifest where digest_id in (from reused);
insert into store.manifest_ref from earlier.store.manifest_ref where parent_id in (from reused);
insert into store.annotation from earlier.store.annotation where digest_id in (from reused);
