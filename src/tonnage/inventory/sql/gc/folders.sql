-- Folders that repositories have of their own, with the number of their links. One row per repository and folder.
select p.repository_id, f.repository, f.folder, coalesce(any_value(n.links_count), 0) as links_count
from store.folder as f
join store.repository as p using (repository)
left join (
    select repository_id, count(*) as links_count
    from (
        select repository_id from store.revision
        union all select repository_id from store.tag
        union all select repository_id from store.layer_link
    )
    group by repository_id
) as n using (repository_id)
group by p.repository_id, f.repository, f.folder
order by f.repository, f.folder;
