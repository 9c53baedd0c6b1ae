-- Every digest met, once. One row per digest.
create temp table staged_digest (digest_id integer, digest varchar);
