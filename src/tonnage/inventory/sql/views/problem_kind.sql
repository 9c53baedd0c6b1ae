-- What the kinds of problems mean. One row per kind.
create or replace view problem_kind as
select
    t.kind,
    t.severity,
    t.blocks_gc,
    t.meaning,
    t.advice
from store.problem_kind as t;
comment on view problem_kind is 'What the kinds of problems mean. One row per kind.';
comment on column problem_kind.kind is 'Kind of the problem.';
comment on column problem_kind.severity is 'note: normal, no cause for worry. warning: something is not as it should be. error: something is lost or unreadable.';
comment on column problem_kind.blocks_gc is 'Collections the registry''s own collector aborts on it: 2.x, 2.x -m (with --delete-untagged), 3.x, 3.x -m; null for none.';
comment on column problem_kind.meaning is 'What it is.';
comment on column problem_kind.advice is 'What to do about it.';
