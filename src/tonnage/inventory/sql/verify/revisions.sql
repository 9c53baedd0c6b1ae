-- Revisions that were to be deleted and are still there. One row per repository and revision.
select r.repository, r.digest, r.state, string_agg(t.tag, ' ' order by t.tag) as tags
from (select distinct repository, digest, state from revision) as r
join (select unnest($repositories) as repository, unnest($digests) as digest) as i
    on i.repository = r.repository and i.digest = r.digest
left join tag as t on t.repository = r.repository and t.digest = r.digest
group by r.repository, r.digest, r.state
order by r.repository, r.digest;
