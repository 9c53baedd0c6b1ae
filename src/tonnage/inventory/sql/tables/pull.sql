-- What was pulled, as logs, notifications and Harbor tell. One row per repository, reference, source and day.
create table store.pull (
    repository varchar,
    reference varchar not null,
    is_blob boolean not null,
    source varchar not null,
    day date not null,
    pulled_at timestamp not null,
    pulls_count bigint not null
);
comment on table store.pull is 'What was pulled, as logs, notifications and Harbor tell. One row per repository, reference, source and day.';
comment on column store.pull.repository is 'Repository; null where the log does not tell: those of buckets.';
comment on column store.pull.reference is 'Tag or digest that was asked for.';
comment on column store.pull.is_blob is 'Whether it is a layer or a config, and not a manifest.';
comment on column store.pull.source is 'access log, registry log, traefik, json log, notifications, s3 log, harbor.';
comment on column store.pull.day is 'Day, UTC.';
comment on column store.pull.pulled_at is 'When it was pulled last on that day, UTC.';
comment on column store.pull.pulls_count is 'How often this source saw it on that day; a line read twice counts once.';
