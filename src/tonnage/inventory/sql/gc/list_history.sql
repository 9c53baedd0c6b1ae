-- Entries of tag history that the collection removes. One row per tag and digest.
select p.repository, x.tag, d.digest, h.modified_at
from gc_removed_history as x
join store.repository as p using (repository_id)
join store.digest as d using (digest_id)
left join store.tag_history as h
    on h.repository_id = x.repository_id and h.tag = x.tag and h.digest_id = x.digest_id
order by p.repository, x.tag, d.digest;
