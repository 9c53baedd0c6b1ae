-- Repositories that the collector at work has to be followed through step by step. One row per repository, or several.
create or replace temp table gc_odd (repository_id integer);
