-- What goes if a revision is deleted and nothing else: itself, and what only it holds. One row per repository, revision and revision that goes.
create table store.goes_with (repository_id integer not null, digest_id integer not null, goes_id integer not null);
comment on table store.goes_with is 'What goes if a revision is deleted and nothing else: itself, and what only it holds. One row per repository, revision and revision that goes.';
comment on column store.goes_with.repository_id is 'Repository.';
comment on column store.goes_with.digest_id is 'Digest of the revision that is deleted; one that an index lists which stays cannot be, and has no rows.';
comment on column store.goes_with.goes_id is 'Digest of a revision that goes with it.';
