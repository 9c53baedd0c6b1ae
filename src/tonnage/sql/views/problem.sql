-- Oddities met. One row per oddity.
create or replace view problem as
select
    t.kind,
    k.severity,
    t.path,
    t.repository,
    t.digest,
    t.detail,
    k.blocks_gc
from store.problem as t
join store.problem_kind as k using (kind);
comment on view problem is 'Oddities met. One row per oddity.';
comment on column problem.kind is 'What is odd; problem_kind explains it.';
comment on column problem.severity is 'note: normal. warning: not as it should be. error: something is lost or unreadable.';
comment on column problem.path is 'Path below v2/.';
comment on column problem.repository is 'Repository, if it is in one.';
comment on column problem.digest is 'Digest it is about, if about one.';
comment on column problem.detail is 'What was found.';
comment on column problem.blocks_gc is 'Collections that abort on it: 2.x, 2.x -m (with --delete-untagged), 3.x, 3.x -m; null for none.';
