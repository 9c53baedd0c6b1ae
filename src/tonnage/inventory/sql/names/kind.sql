-- What `--kind` may name: kinds of problems, whether or not there are any. One row per kind.
select kind as name from problem_kind order by kind;
