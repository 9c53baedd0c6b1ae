-- Digests that links of some repositories are named by or hold: what the collector may ask about there. One row per digest.
create or replace temp table gc_near (digest_id integer);
