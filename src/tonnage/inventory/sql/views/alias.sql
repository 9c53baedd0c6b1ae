-- Other digests by which manifests may name a stored blob: the sha512 one it was pushed by. One row per digest and blob.
create or replace view alias as
select
    d.digest,
    s.digest as stored_as
from store.alias as a
join store.blob as b on b.digest_id = a.stored_id
join store.digest as d on d.digest_id = a.digest_id
join store.digest as s on s.digest_id = a.stored_id;
comment on view alias is 'Other digests by which manifests may name a stored blob: the sha512 one it was pushed by. One row per digest and blob.';
comment on column alias.digest is 'The other digest; nothing is stored under it.';
comment on column alias.stored_as is 'Digest under which the blob is stored.';
