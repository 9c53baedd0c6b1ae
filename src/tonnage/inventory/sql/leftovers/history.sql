-- Entries of tag history whose revision is gone. One row per entry, with its folder below v2/.
select 'repositories/' || h.repository || '/_manifests/tags/' || h.tag || '/index/' || replace(h.digest, ':', '/') as path
from tag_history as h
where not exists (select 1 from revision as r where r.repository = h.repository and r.digest = h.digest)
    and not exists (select 1 from tag as t where t.repository = h.repository and t.tag = h.tag and t.digest = h.digest)
order by path;
