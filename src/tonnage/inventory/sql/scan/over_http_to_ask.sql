-- Blobs of which no size is known yet, and who may have them. One row per blob.
select d.digest, list(distinct p.repository order by p.repository)
from store.manifest_ref as f
join store.digest as d on d.digest_id = f.child_id
join store.revision as r on r.digest_id = f.parent_id
join store.repository as p using (repository_id)
where f.role not in ('manifest', 'subject')
    and regexp_full_match(d.digest, 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}')
    and f.child_id not in (select digest_id from store.blob)
    and d.digest not in (select unnest($absent))
group by d.digest
order by d.digest;
