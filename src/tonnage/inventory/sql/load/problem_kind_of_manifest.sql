-- Linked manifests of kinds that one or the other version does not know.
-- Only where there is: store.manifest where kind in ('schema1', 'artifact')
insert into store.problem
select
    case m.kind when 'schema1' then 'schema1' else 'unsupported_manifest' end,
    'repositories/' || p.repository || '/_manifests/revisions/' || replace(d.digest, ':', '/') || '/link',
    p.repository, d.digest, m.media_type, null
from store.manifest as m
join store.revision_state as s on s.digest_id = m.digest_id
join store.repository as p on p.repository_id = s.repository_id
join store.digest as d on d.digest_id = m.digest_id
where m.kind in ('schema1', 'artifact');
