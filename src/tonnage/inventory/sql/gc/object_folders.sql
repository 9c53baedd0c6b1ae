-- Folders of repositories that hold a file: an object store knows no others. One row per repository and folder.
select p.repository_id, p.repository, f.folder, any_value(f.links_count)
from (
    select repository_id, '_manifests/revisions' as folder, count(*) as links_count from gc_revision group by repository_id
    union all
    select repository_id, '_manifests/tags', count(*) from gc_tag where has_link group by repository_id
    union all
    select repository_id, '_manifests/tags', count(*) from gc_tag_history group by repository_id
    union all
    select repository_id, '_layers', count(*) from gc_layer_link group by repository_id
    union all
    select distinct repository_id, '_uploads', 0 from store.upload
) as f
join store.repository as p using (repository_id)
group by p.repository_id, p.repository, f.folder
order by p.repository, f.folder;
