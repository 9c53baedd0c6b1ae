-- Digests of blobs, links and references that the collectors do not take for one. One row per digest.
create or replace temp table gc_odd_digest as
select d.digest_id
from store.digest as d
where not regexp_full_match(d.digest, 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}');
