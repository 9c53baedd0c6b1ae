-- Manifests that 3.x -m looks into because tagged ones lead to them, and the rank of a repository in which that is so. One
-- row per manifest and such a repository; none for other collectors, which look no further than revisions.
create or replace temp table gc_below (digest_id integer, rank integer);
