-- What must be deleted before what: an index before its children, a subject before its referrers. One row per pair.
select p.repository, a.digest as first_digest, b.digest as second_digest, bool_or(e.repository_id is null) as by_digest
from (
    select cast(null as integer) as repository_id, parent_id as first_id, child_id as second_id from store.manifest_ref where role = 'manifest'
    union
    select null, subject_id, digest_id from store.manifest where subject_id is not null
    union
    select repository_id, subject_id, digest_id from store.referrer_tag
) as e
join gone as g on g.digest_id = e.first_id and g.repository_id = coalesce(e.repository_id, g.repository_id)
join gone as h on h.digest_id = e.second_id and h.repository_id = g.repository_id
join store.repository as p on p.repository_id = g.repository_id
join store.digest as a on a.digest_id = e.first_id
join store.digest as b on b.digest_id = e.second_id
group by p.repository, a.digest, b.digest
order by p.repository, first_digest, second_digest;
