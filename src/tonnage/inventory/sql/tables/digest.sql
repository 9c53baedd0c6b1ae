-- Every digest met, by its number, and its copies. One row per digest and copy.
create table store.digest (digest_id integer not null, digest varchar not null, copy integer not null);
comment on table store.digest is 'Every digest met, by its number, and its copies. One row per digest and copy.';
comment on column store.digest.digest_id is 'Number used in place of the digest inside; given once, and kept from scan to scan.';
comment on column store.digest.digest is 'The digest as text: sha256:<hex>. Whatever a manifest wrote in its place, if it is none.';
comment on column store.digest.copy is '0; from 1 where OCI image layouts hold the same content in several files: each is a blob of its own, with a number of its own.';
