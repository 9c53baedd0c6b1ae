-- Tags. One row per repository and tag.
create table store.tag (
    repository_id integer not null,
    tag varchar not null,
    digest_id integer,
    has_link boolean not null,
    size_bytes bigint,
    modified_at timestamp,
    part_id integer not null
);
comment on table store.tag is 'Tags. One row per repository and tag.';
comment on column store.tag.repository_id is 'Repository.';
comment on column store.tag.tag is 'Name of the tag.';
comment on column store.tag.digest_id is 'Digest the tag points to now; null where its link is missing or says nothing.';
comment on column store.tag.has_link is 'Whether the tag has a current link at all; a folder without one is left by a crash between two writes.';
comment on column store.tag.size_bytes is 'Size of the current link in bytes; null where the files were not listed.';
comment on column store.tag.modified_at is 'When the current link was written, UTC: when the tag was pushed.';
comment on column store.tag.part_id is 'Part of the storage it was listed with.';
