-- Logs that pulls were read from. One row per file and reading.
create table store.pull_file (
    source varchar not null,
    first_at timestamp not null,
    last_at timestamp not null,
    lines_count bigint not null,
    pulls_count bigint not null,
    others_count bigint not null,
    unknown_count bigint not null
);
comment on table store.pull_file is 'Logs that pulls were read from. One row per file and reading.';
comment on column store.pull_file.source is 'What form it has, as in pull.';
comment on column store.pull_file.first_at is 'Time of its first line, UTC: before it, nothing is known.';
comment on column store.pull_file.last_at is 'Time of its last line, UTC.';
comment on column store.pull_file.lines_count is 'Number of its lines.';
comment on column store.pull_file.pulls_count is 'Lines, or events in them, that are pulls.';
comment on column store.pull_file.others_count is 'Lines that are something else: pushes, failures, other requests.';
comment on column store.pull_file.unknown_count is 'Lines in no form that tonnage knows.';
