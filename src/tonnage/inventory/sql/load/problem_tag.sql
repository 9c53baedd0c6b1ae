-- Tags that lead to no revision of their repository.
insert into store.problem
select
    case when t.has_link then 'tag_without_revision' else 'tag_without_current' end,
    'repositories/' || p.repository || '/_manifests/tags/' || t.tag || case when t.has_link then '/current/link' else '' end,
    p.repository, d.digest, t.tag, null
from store.tag as t
join store.repository as p using (repository_id)
left join store.digest as d on d.digest_id = t.digest_id
where not t.has_link
    or t.digest_id is not null and not exists (
        select 1 from store.revision as r where r.repository_id = t.repository_id and r.digest_id = t.digest_id
    );
