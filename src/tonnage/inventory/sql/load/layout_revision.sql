-- What an index lists is a revision of the repository too, if its manifest is there, in the repository or the pool.
insert into staged_revision
with recursive below as (
    select repository, path_digest as digest from staged_revision
    union
    select b.repository, f.child
    from below as b
    join staged_manifest_ref as f on f.parent = b.digest and f.role = 'manifest'
    join staged_layout_file as l on l.digest = f.child and coalesce(l.repository, b.repository) = b.repository
)
select b.repository, b.digest, b.digest, null, null, -1
from below as b
where not exists (
    select 1 from staged_revision as r where r.repository = b.repository and r.path_digest = b.digest
);
update staged_revision as r
set modified_us = l.modified_us
from (
    select repository, digest, min(modified_us) as modified_us
    from staged_layout_file
    where digest is not null
    group by repository, digest
) as l
where l.repository = r.repository and l.digest = r.path_digest;
