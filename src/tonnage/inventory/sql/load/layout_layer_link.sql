-- A layout needs no links: a repository may serve the blobs that lie in it, and those it names in the pool.
insert into staged_layer_link
select repository, digest, digest, null, null, -1
from (
    select repository, digest from staged_layout_file where digest is not null and repository is not null
    union
    select r.repository, f.child
    from staged_revision as r
    join staged_manifest_ref as f on f.parent = r.path_digest and f.role in ('config', 'layer', 'index blob', 'artifact blob')
    join staged_layout_file as l on l.digest = f.child and l.repository is null
)
where digest not in (select digest from staged_manifest);
