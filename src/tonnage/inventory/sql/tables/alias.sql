-- Other digests by which manifests may name a stored blob: the sha512 one it was pushed by. One row per digest and blob.
create table store.alias (digest_id integer not null, stored_id integer not null);
comment on table store.alias is 'Other digests by which manifests may name a stored blob: the sha512 one it was pushed by. One row per digest and blob.';
comment on column store.alias.digest_id is 'The other digest; nothing is stored under it.';
comment on column store.alias.stored_id is 'Digest under which the blob is stored.';
