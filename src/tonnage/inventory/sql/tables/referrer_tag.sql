-- Tags that stand for what is about a revision: sha256-<hex>, cosign's .sig, .att and .sbom. One row per repository and tag.
create table store.referrer_tag (repository_id integer not null, tag varchar not null, digest_id integer, subject_id integer not null);
comment on table store.referrer_tag is 'Tags that stand for what is about a revision: sha256-<hex>, cosign''s .sig, .att and .sbom. One row per repository and tag.';
comment on column store.referrer_tag.repository_id is 'Repository.';
comment on column store.referrer_tag.tag is 'Name of the tag.';
comment on column store.referrer_tag.digest_id is 'Digest the tag points to; null where its link says nothing.';
comment on column store.referrer_tag.subject_id is 'Digest of the revision it is about, as its name says.';
