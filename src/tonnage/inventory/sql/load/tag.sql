-- Tags of which only the folder is left: a history, a stray file or an empty folder, and no current link.
insert into store.tag
select f.repository_id, f.tag, null, false, 0, null, min(f.part_id)
from (
    select repository_id, tag, part_id from store.tag_history
    union all
    select repository_id, tag, part_id from store.empty_folder where tag is not null and repository_id is not null
    union all
    select s.repository_id, s.tag, s.part_id
    from store.stray as s
    join store.repository as p using (repository_id)
    where s.tag is not null and s.path <> 'repositories/' || p.repository || '/_manifests/tags/' || s.tag
) as f
where not exists (select 1 from store.tag as t where t.repository_id = f.repository_id and t.tag = f.tag)
group by f.repository_id, f.tag;
