-- Every digest met, numbered in the order of its text. One row per digest.
create table store.digest (digest_id integer not null, digest varchar not null);
comment on table store.digest is 'Every digest met, numbered in the order of its text. One row per digest.';
comment on column store.digest.digest_id is 'Number used in place of the digest inside; the same digests always get the same numbers.';
comment on column store.digest.digest is 'The digest as text: sha256:<hex>. Whatever a manifest wrote in its place, if it is none.';
