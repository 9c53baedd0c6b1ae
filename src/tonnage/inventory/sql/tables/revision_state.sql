-- How each revision is held. One row per repository and revision.
create table store.revision_state (repository_id integer not null, digest_id integer not null, state varchar not null);
comment on table store.revision_state is 'How each revision is held. One row per repository and revision.';
comment on column store.revision_state.repository_id is 'Repository.';
comment on column store.revision_state.digest_id is 'Digest of the manifest.';
comment on column store.revision_state.state is 'tag: a tag points to it. index: below a tagged index. referrer: about one that is held. untagged: none of these.';
