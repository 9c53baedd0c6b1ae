-- A layout needs no links: a repository may serve the blobs that lie in it, and those it names in the pool.
insert into store.layer_link
select repository_id, digest_id, digest_id, true, null, null, -1
from (
    select repository_id, digest_id from store.layout_file where digest_id is not null and repository_id is not null
    union
    select r.repository_id, f.child_id
    from store.revision as r
    join store.manifest_ref as f
        on f.parent_id = r.path_digest_id and f.role in ('config', 'layer', 'index blob', 'artifact blob')
    join store.layout_file as l on l.digest_id = f.child_id and l.repository_id is null
)
where digest_id not in (select digest_id from store.manifest);
