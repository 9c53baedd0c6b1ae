-- Repositories that the collector comes to. One row per repository.
create or replace temp table gc_walked (repository_id integer);
