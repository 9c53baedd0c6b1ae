-- Blobs of which no size is known yet, and who may have them. One row per blob.
select d.digest, list(distinct r.repository order by r.repository)
from staged_manifest_ref as f
join staged_digest as d on d.digest_id = f.child
join staged_revision as r on r.path_digest = f.parent
where f.role not in ('manifest', 'subject')
    and regexp_full_match(d.digest, 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}')
    and f.child not in (select digest from staged_blob)
    and d.digest not in (select unnest($absent))
group by d.digest
order by d.digest;
