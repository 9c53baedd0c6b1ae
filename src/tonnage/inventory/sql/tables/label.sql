-- Labels of images. One row per label.
create table store.label (config_id integer not null, name varchar not null, value varchar not null);
comment on table store.label is 'Labels of images. One row per label.';
comment on column store.label.config_id is 'Digest of the image configuration.';
comment on column store.label.name is 'Name of the label.';
comment on column store.label.value is 'Its value.';
