-- Names of repositories; which folders they have is worked out in the end.
insert into store.repository (repository_id, repository)
select repository_id, repository from arrived;
