-- What `--namespace` may name. One row per namespace.
select distinct namespace as name from repository order by namespace;
