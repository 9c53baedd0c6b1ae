-- Annotations of manifests and indexes. One row per annotation.
create table store.annotation (digest_id integer not null, name varchar not null, value varchar not null);
comment on table store.annotation is 'Annotations of manifests and indexes. One row per annotation.';
comment on column store.annotation.digest_id is 'Digest of the manifest.';
comment on column store.annotation.name is 'Name of the annotation.';
comment on column store.annotation.value is 'Its value.';
