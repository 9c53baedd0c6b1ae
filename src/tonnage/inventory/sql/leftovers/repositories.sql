-- Repositories without a revision, a tag or an upload that is not stale. One row per repository, with its folder below v2/.
select 'repositories/' || p.repository as path
from repository as p
where not exists (select 1 from revision as r where r.repository = p.repository)
    and not exists (select 1 from tag as t where t.repository = p.repository and t.has_link)
    and not exists (
        select 1
        from upload as u
        where u.repository = p.repository
            and greatest(u.started_at, u.modified_at) >= (select max(started_at) from scan) - to_days(cast($days as integer))
    )
order by path;
