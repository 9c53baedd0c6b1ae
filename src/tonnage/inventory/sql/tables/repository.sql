-- Repositories: folders of the storage that hold a `_layers`, `_manifests` or `_uploads`. One row per repository.
create table store.repository (
    repository_id integer not null,
    repository varchar not null,
    has_layers boolean,
    has_manifests boolean,
    has_revisions boolean,
    has_tags boolean,
    has_uploads boolean
);
comment on table store.repository is 'Repositories: folders of the storage that hold a _layers, _manifests or _uploads. One row per repository.';
comment on column store.repository.repository_id is 'Number used inside.';
comment on column store.repository.repository is 'Name of the repository.';
comment on column store.repository.has_layers is 'Has a folder _layers: what makes it a repository for 2.x; null where the files were not listed.';
comment on column store.repository.has_manifests is 'Has a folder _manifests: what makes it a repository for 3.x; null where the files were not listed.';
comment on column store.repository.has_revisions is 'Has a folder _manifests/revisions; null where the files were not listed.';
comment on column store.repository.has_tags is 'Has a folder _manifests/tags; null where the files were not listed.';
comment on column store.repository.has_uploads is 'Has a folder _uploads; null where the files were not listed.';
