-- What `--repository` may name: what is there, and what a scan before has met. One row per repository.
select repository as name from repository
union
select repository as name from scan_repository
order by name;
