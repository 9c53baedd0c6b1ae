-- Tags with a current link, and those of which only the folder is left.
insert into store.tag
select p.repository_id, t.tag, t.digest, t.has_link, t.size_bytes, make_timestamp(t.modified_us), t.part_id
from (
    select repository, tag, digest, true as has_link, size_bytes, modified_us, part_id from staged_tag
    union all
    select f.repository, f.tag, null, false, 0, null, min(f.part_id)
    from (
        select repository, tag, part_id from staged_tag_history
        union all select repository, tag, part_id from staged_empty_folder where tag is not null
        union all
        select repository, tag, part_id from staged_stray
        where tag is not null and path <> 'repositories/' || repository || '/_manifests/tags/' || tag
    ) as f
    where not exists (select 1 from staged_tag as t where t.repository = f.repository and t.tag = f.tag)
    group by f.repository, f.tag
) as t
join store.repository as p using (repository);
