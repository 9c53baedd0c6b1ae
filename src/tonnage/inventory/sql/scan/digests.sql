-- Where staged digests keep their text: as met, again and again; each once; and by the number an earlier inventory gave it.
create temp table met_digest (staged_id bigint, digest varchar);
create temp table staged_digest (staged_id bigint, digest varchar);
create temp table known (digest_id integer, staged_id bigint);
