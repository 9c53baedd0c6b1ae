-- What was deleted over HTTP before the collection: a revision by its digest, or a tag alone. One row per deletion.
create or replace temp table gc_deletion (repository_id integer, digest_id integer, tag varchar);
