-- Oddities met. One row per oddity.
create table store.problem (kind varchar not null, path varchar, repository varchar, digest varchar, detail varchar, part_id integer);
comment on table store.problem is 'Oddities met. One row per oddity.';
comment on column store.problem.kind is 'What is odd; problem_kind explains it.';
comment on column store.problem.path is 'Path below v2/.';
comment on column store.problem.repository is 'Repository, if it is in one.';
comment on column store.problem.digest is 'Digest it is about, if about one.';
comment on column store.problem.detail is 'What was found.';
comment on column store.problem.part_id is 'Part of the storage it was listed with; null where it follows from contents or relations.';
