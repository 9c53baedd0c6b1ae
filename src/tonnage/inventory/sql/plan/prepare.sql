-- What is to go, revisions and tags, step 0 being what was asked for; what must stay.
create or replace temp table gone (repository_id integer, digest_id integer, step integer, reason varchar, is_named boolean);
create or replace temp table gone_tag (repository_id integer, tag varchar, digest_id integer, step integer, reason varchar);
create or replace temp table protected (repository_id integer, digest_id integer, reason varchar);
