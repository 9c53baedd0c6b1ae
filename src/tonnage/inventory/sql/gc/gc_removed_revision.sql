-- Revisions that the collection removes. One row per repository and digest.
create or replace temp table gc_removed_revision (repository_id integer, digest_id integer);
