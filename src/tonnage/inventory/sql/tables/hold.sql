-- Which revisions hold which: an index its children, a subject what is about it. One row per repository, holder and held revision.
create table store.hold (repository_id integer not null, holder_id integer not null, digest_id integer not null, is_index boolean not null);
comment on table store.hold is 'Which revisions hold which: an index its children, a subject what is about it. One row per repository, holder and held revision.';
comment on column store.hold.repository_id is 'Repository.';
comment on column store.hold.holder_id is 'Digest of the index or subject.';
comment on column store.hold.digest_id is 'Digest of what it holds.';
comment on column store.hold.is_index is 'Whether it lists it: then it cannot be deleted before its holder.';
