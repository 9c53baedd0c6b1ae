-- Revisions that the collector is about to remove. One row per repository and digest.
create or replace temp table gc_eligible (repository_id integer, digest_id integer);
