-- Repositories of which too little is known, or that the API cannot reach: everything in them stays. So does what has a
-- tag of a name that no tag can have.
insert into protected
with closed as (
    select t.repository_id, 'tag `' || t.tag || '` cannot be read, and may lead to it' as reason
    from store.tag as t
    where t.has_link and t.digest_id is null
    union all
    select s.repository_id, 'manifest ' || d.digest || ' cannot be read, and may need it'
    from store.revision_state as s
    join store.manifest as m using (digest_id)
    join store.blob as b using (digest_id)
    join store.digest as d using (digest_id)
    where m.kind = 'unreadable' and s.state <> 'untagged'
    union all
    select p.repository_id, x.path || ' could not be read by the scan'
    from store.problem as x
    join store.repository as p using (repository)
    where x.kind in ('unreadable', 'symlink_out') and starts_with(x.path, 'repositories/' || p.repository || '/_manifests')
    union all
    select repository_id, 'the registry takes this for no repository''s name'
    from store.repository
    where repository in (select unnest($nameless))
)
select s.repository_id, s.digest_id, c.reason
from (select repository_id, min(reason) as reason from closed group by repository_id) as c
join store.revision_state as s using (repository_id)
union all
select t.repository_id, t.digest_id, 'no client can ask for its tag `' || t.tag || '`'
from store.tag as t
where t.digest_id is not null and not regexp_full_match(t.tag, '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}');
