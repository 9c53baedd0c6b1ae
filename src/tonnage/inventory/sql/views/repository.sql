-- Repositories: folders of the storage that hold a _layers, _manifests or _uploads. One row per repository.
create or replace view repository as
select
    t.repository,
    case when strpos(t.repository, '/') > 0 then split_part(t.repository, '/', 1) else '' end as namespace,
    t.has_layers,
    t.has_manifests,
    t.has_revisions,
    t.has_tags,
    t.has_uploads
from store.repository as t;
comment on view repository is 'Repositories: folders of the storage that hold a _layers, _manifests or _uploads. One row per repository.';
comment on column repository.repository is 'Name of the repository.';
comment on column repository.namespace is 'First component of the name; empty where it has only one.';
comment on column repository.has_layers is 'Has a folder _layers: what makes it a repository for 2.x; null where the files were not listed.';
comment on column repository.has_manifests is 'Has a folder _manifests: what makes it a repository for 3.x; null where the files were not listed.';
comment on column repository.has_revisions is 'Has a folder _manifests/revisions; null where the files were not listed.';
comment on column repository.has_tags is 'Has a folder _manifests/tags; null where the files were not listed.';
comment on column repository.has_uploads is 'Has a folder _uploads; null where the files were not listed.';
