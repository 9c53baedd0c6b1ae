-- Manifests that 3.x may mark without looking into them: a repository refers to them and does not have them, or has
-- something odd. Where such a one is linked, it matters who came before. One row per manifest.
create or replace temp table gc_half_marked (digest_id integer);
