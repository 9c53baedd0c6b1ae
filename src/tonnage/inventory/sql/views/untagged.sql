-- Half-orphaned revisions: no tag of their repository leads to them. One row per repository and revision.
create or replace view untagged as
select repository, digest, kind, pushed_at, stored_bytes, exclusive_bytes, shared_bytes, frees_alone_bytes, used_at, unused_since_at
from revision_usage
where state = 'untagged';
comment on view untagged is 'Half-orphaned revisions: no tag of their repository leads to them. One row per repository and revision.';
comment on column untagged.repository is 'Repository.';
comment on column untagged.digest is 'Digest of the manifest.';
comment on column untagged.kind is 'image, index, artifact, schema1; unreadable where what it refers to is not known.';
comment on column untagged.pushed_at is 'When it was pushed here, UTC.';
comment on column untagged.stored_bytes is 'Stored bytes of the blobs it needs, directly or through indexes, each counted once.';
comment on column untagged.exclusive_bytes is 'Bytes that no other revision needs.';
comment on column untagged.shared_bytes is 'Bytes that others need too: they stay if it goes.';
comment on column untagged.frees_alone_bytes is 'Bytes that deleting it frees if nothing else goes, with what only it holds; 0 where an index that stays lists it.';
comment on column untagged.used_at is 'Last pull that is known, UTC: it was used then or later. Null where none is known.';
comment on column untagged.unused_since_at is 'Since when it was surely not used, UTC; null where that is unknown.';
