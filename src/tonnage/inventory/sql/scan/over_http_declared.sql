-- Blobs that were not read have the size that manifests declare; where these differ, the largest. What no layer can have
-- (1 PiB) says nothing.
insert into store.blob
select f.child_id, max(f.size_bytes), null, 0
from store.manifest_ref as f
join store.digest as d on d.digest_id = f.child_id
where f.role not in ('manifest', 'subject')
    and not f.has_urls
    and f.size_bytes between 0 and 1_125_899_906_842_624
    and regexp_full_match(d.digest, 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}')
    and f.child_id not in (select digest_id from store.blob)
    and d.digest not in (select unnest($absent))
group by f.child_id;
