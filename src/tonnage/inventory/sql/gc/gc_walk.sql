-- Repositories in the order in which they are walked. One row per repository.
create or replace temp table gc_walk (rank integer, repository_id integer);
