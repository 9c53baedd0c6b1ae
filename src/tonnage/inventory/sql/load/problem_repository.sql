-- Repositories without a folder that one of the collectors takes for granted.
-- Only where there is: store.repository where not has_layers or not has_tags
insert into store.problem
select kind, 'repositories/' || p.repository, p.repository, null, null, null
from store.repository as p
join (
    select repository_id, count(*) as revisions_count from store.revision group by repository_id
) as r using (repository_id)
join (values ('no_layers_folder'), ('no_tags_folder')) as k(kind)
    on (kind = 'no_layers_folder' and not p.has_layers) or (kind = 'no_tags_folder' and not p.has_tags);
