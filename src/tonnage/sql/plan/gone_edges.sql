-- What must be deleted before what: an index before its children, a subject before its referrers. One row per pair.
select distinct p.repository, a.digest as first_digest, b.digest as second_digest
from (
    select parent_id as first_id, child_id as second_id from store.manifest_ref where role = 'manifest'
    union
    select subject_id, digest_id from store.manifest where subject_id is not null
) as e
join gone as g on g.digest_id = e.first_id
join gone as h on h.digest_id = e.second_id and h.repository_id = g.repository_id
join store.repository as p on p.repository_id = g.repository_id
join store.digest as a on a.digest_id = e.first_id
join store.digest as b on b.digest_id = e.second_id
order by p.repository, first_digest, second_digest;
