-- What the kinds of problems mean. One row per kind.
create table store.problem_kind (
    kind varchar not null,
    severity varchar not null,
    blocks_gc varchar,
    meaning varchar not null,
    advice varchar not null
);
comment on table store.problem_kind is 'What the kinds of problems mean. One row per kind.';
comment on column store.problem_kind.kind is 'Kind of the problem.';
comment on column store.problem_kind.severity is 'note: normal, no cause for worry. warning: something is not as it should be. error: something is lost or unreadable.';
comment on column store.problem_kind.blocks_gc is 'Collections the registry''s own collector aborts on it: 2.x, 2.x -m (with --delete-untagged), 3.x, 3.x -m; null for none.';
comment on column store.problem_kind.meaning is 'What it is.';
comment on column store.problem_kind.advice is 'What to do about it.';
