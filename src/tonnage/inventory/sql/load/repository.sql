-- A repository is a folder that holds one of the registry's own folders; a mere parent of others is none.
update store.repository as p
set
    has_layers = f.has_layers,
    has_manifests = f.has_manifests,
    has_revisions = f.has_revisions,
    has_tags = f.has_tags,
    has_uploads = f.has_uploads
from (
    select
        repository,
        bool_or(folder = '_layers') as has_layers,
        bool_or(folder = '_manifests') as has_manifests,
        bool_or(folder = '_manifests/revisions') as has_revisions,
        bool_or(folder = '_manifests/tags') as has_tags,
        bool_or(folder = '_uploads') as has_uploads
    from store.folder
    group by repository
) as f
where f.repository = p.repository and (select has_files from store.source);
delete from store.repository where repository not in (select repository from store.folder);
