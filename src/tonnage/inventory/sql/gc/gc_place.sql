-- Repositories of the whole walk, in its order; those that links tell of. One row per repository.
create or replace temp table gc_place (rank integer, repository_id integer);
