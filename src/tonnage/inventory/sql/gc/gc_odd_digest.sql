-- Digests of blobs, links and references that the collectors do not take for one. One row per digest.
-- Nearly all are sha256, for which the first condition takes less time than the second.
create or replace temp table gc_odd_digest as
select d.digest_id
from store.digest as d
where (not starts_with(d.digest, 'sha256:') or strlen(d.digest) <> 71 or regexp_matches(substr(d.digest, 8), '[^0-9a-f]'))
    and not regexp_full_match(d.digest, 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}');
