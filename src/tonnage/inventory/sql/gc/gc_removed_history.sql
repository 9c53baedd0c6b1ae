-- Entries of tag history that the collection removes. One row per tag and digest.
create or replace temp table gc_removed_history (repository_id integer, tag varchar, digest_id integer);
