-- When each revision was last used, as far as is known. One row per repository and manifest.
create table store.last_use (repository_id integer not null, digest_id integer not null, used_at timestamp, unused_since_at timestamp);
comment on table store.last_use is 'When each revision was last used, as far as is known. One row per repository and manifest.';
comment on column store.last_use.repository_id is 'Repository.';
comment on column store.last_use.digest_id is 'Digest of the manifest.';
comment on column store.last_use.used_at is 'Last pull that is known, UTC: it was used then or later. Null where none is known.';
comment on column store.last_use.unused_since_at is 'Since when it was surely not used, UTC. Null where that is unknown.';
