-- What was pulled, as logs, notifications and Harbor tell. One row per repository, reference, source and day.
create or replace view pull as
select repository, reference, is_blob, source, day, pulled_at, pulls_count
from store.pull;
comment on view pull is 'What was pulled, as logs, notifications and Harbor tell. One row per repository, reference, source and day.';
comment on column pull.repository is 'Repository; null where the log does not tell: those of buckets.';
comment on column pull.reference is 'Tag or digest that was asked for.';
comment on column pull.is_blob is 'Whether it is a layer or a config, and not a manifest.';
comment on column pull.source is 'access log, registry log, traefik, json log, notifications, s3 log, harbor.';
comment on column pull.day is 'Day, UTC.';
comment on column pull.pulled_at is 'When it was pulled last on that day, UTC.';
comment on column pull.pulls_count is 'How often this source saw it on that day; a line read twice counts once.';
