-- Image configurations. One row per configuration.
create table store.image (
    config_id integer not null, os varchar, architecture varchar, variant varchar, os_version varchar, created varchar, created_at timestamp
);
comment on table store.image is 'Image configurations. One row per configuration.';
comment on column store.image.config_id is 'Digest of the configuration.';
comment on column store.image.os is 'Operating system.';
comment on column store.image.architecture is 'Architecture.';
comment on column store.image.variant is 'Variant of the architecture.';
comment on column store.image.os_version is 'Version of the operating system (Windows).';
comment on column store.image.created is 'What the configuration says of when it was built.';
comment on column store.image.created_at is 'When the image was built, UTC, as the builder says; reproducible builds often say 1970 or 1980.';
