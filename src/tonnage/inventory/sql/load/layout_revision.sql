-- What an index lists is a revision of the repository too, if its manifest is there, in the repository or the pool.
insert into store.revision
with recursive below as (
    select repository_id, path_digest_id as digest_id from store.revision
    union
    select b.repository_id, f.child_id
    from below as b
    join store.manifest_ref as f on f.parent_id = b.digest_id and f.role = 'manifest'
    join store.layout_file as l on l.digest_id = f.child_id and coalesce(l.repository_id, b.repository_id) = b.repository_id
)
select b.repository_id, b.digest_id, b.digest_id, true, null, null, -1
from below as b
where not exists (
    select 1 from store.revision as r where r.repository_id = b.repository_id and r.path_digest_id = b.digest_id
);
update store.revision as r
set modified_at = l.modified_at
from (
    select repository_id, digest_id, min(modified_at) as modified_at
    from store.layout_file
    where digest_id is not null
    group by repository_id, digest_id
) as l
where l.repository_id = r.repository_id and l.digest_id = r.path_digest_id;
