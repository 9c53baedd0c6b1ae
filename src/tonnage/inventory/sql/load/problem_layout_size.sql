-- Blobs of layouts with another size than some manifest of their repository declares; empty ones that stand for others left out.
insert into store.problem
select
    'size_mismatch', l.path, min(p.repository), child.digest,
    'stored ' || l.size_bytes || ' bytes, declared ' || f.size_bytes || ' by ' || min(parent.digest), null
from store.revision as r
join store.manifest_ref as f on f.parent_id = r.digest_id and f.role <> 'subject'
join store.layout_file as l on l.digest_id = f.child_id and coalesce(l.repository_id, r.repository_id) = r.repository_id
left join store.repository as p on p.repository_id = l.repository_id
join store.digest as parent on parent.digest_id = f.parent_id
join store.digest as child on child.digest_id = f.child_id
where f.size_bytes is not null and f.size_bytes <> l.size_bytes
    and (
        l.size_bytes > 0
        or not exists (select 1 from store.layout_file as o where o.digest_id = l.digest_id and o.size_bytes > 0)
    )
group by l.path, l.size_bytes, child.digest, f.size_bytes;
