-- Repositories with nothing to pull in them: no revision whose manifest is there. One row per repository.
create or replace view ghost as
select
    p.repository,
    case when (select has_files from store.source)
        then (select count(*) from store.layer_link as l where l.repository_id = p.repository_id)
    end as layer_links_count,
    case when (select has_files from store.source)
        then (select count(*) from store.upload as u where u.repository_id = p.repository_id)
    end as uploads_count
from store.repository as p
where not exists (
        select 1
        from store.revision_state as s
        join store.blob as b on b.digest_id = s.digest_id
        where s.repository_id = p.repository_id
    )
    and (select has_untagged from store.source);
comment on view ghost is 'Repositories with nothing to pull in them: no revision whose manifest is there. One row per repository.';
comment on column ghost.repository is 'Name of the repository.';
comment on column ghost.layer_links_count is 'Layer links it still has; null where unknown.';
comment on column ghost.uploads_count is 'Uploads it still has; null where unknown.';
