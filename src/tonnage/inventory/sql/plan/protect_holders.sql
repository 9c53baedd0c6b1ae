-- What is in use through an index alone stays only with that index: without it the next collection with -m takes it.
insert into protected
with recursive holder as (
    select repository_id, digest_id, reason from protected
    union
    select h.repository_id, f.parent_id, h.reason
    from holder as h
    join store.manifest_ref as f on f.child_id = h.digest_id and f.role = 'manifest'
    join store.revision_state as s on s.repository_id = h.repository_id and s.digest_id = f.parent_id
    where not exists (
        select 1 from store.tag as t where t.repository_id = h.repository_id and t.digest_id = h.digest_id
    )
)
select repository_id, digest_id, min(reason)
from holder as h
where not exists (
    select 1 from protected as p where p.repository_id = h.repository_id and p.digest_id = h.digest_id
)
group by repository_id, digest_id;
