-- Digests that tags point to now or pointed to once. One row per repository, tag and digest.
create table store.tag_history (
    repository_id integer not null,
    tag varchar not null,
    digest_id integer not null,
    size_bytes bigint not null,
    modified_at timestamp,
    part_id integer not null
);
comment on table store.tag_history is 'Digests that tags point to now or pointed to once. One row per repository, tag and digest.';
comment on column store.tag_history.repository_id is 'Repository.';
comment on column store.tag_history.tag is 'Name of the tag.';
comment on column store.tag_history.digest_id is 'Digest the tag pointed to.';
comment on column store.tag_history.size_bytes is 'Size of the link in bytes.';
comment on column store.tag_history.modified_at is 'When the tag was pointed there last, UTC.';
comment on column store.tag_history.part_id is 'Part of the storage it was listed with.';
