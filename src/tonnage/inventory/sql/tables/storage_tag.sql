-- Tags of the storage, where others were given in their place: what the registry's own collector goes by. One row per tag.
create table store.storage_tag (
    repository_id integer not null,
    tag varchar not null,
    digest_id integer,
    has_link boolean not null
);
comment on table store.storage_tag is 'Tags of the storage, where others were given in their place: what the registry''s own collector goes by. One row per tag.';
comment on column store.storage_tag.repository_id is 'Repository.';
comment on column store.storage_tag.tag is 'Name of the tag.';
comment on column store.storage_tag.digest_id is 'Digest it points to; null where its link holds none.';
comment on column store.storage_tag.has_link is 'Whether it has a current link.';
