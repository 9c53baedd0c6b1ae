-- Ranks of the repositories in which nothing is odd. One row per repository.
select rank from gc_plain order by rank;
