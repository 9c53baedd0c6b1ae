-- What can be deleted as a whole: a revision no index and no subject of its repository holds, or that has a tag. One row per unit.
create or replace temp table unit as
select
    row_number() over (order by p.repository, d.digest) - 1 as unit_id,
    s.repository_id,
    s.digest_id,
    coalesce(t.tags_count, 0) as tags_count,
    coalesce(t.pushed_at, r.pushed_at) as pushed_at
from store.revision_state as s
join store.repository as p on p.repository_id = s.repository_id
join store.digest as d on d.digest_id = s.digest_id
left join (
    select repository_id, digest_id, count(*) as tags_count, max(modified_at) as pushed_at
    from store.tag as x
    where not exists (select 1 from store.referrer_tag as f where f.repository_id = x.repository_id and f.tag = x.tag)
    group by repository_id, digest_id
) as t on t.repository_id = s.repository_id and t.digest_id = s.digest_id
left join (
    select repository_id, digest_id, max(modified_at) as pushed_at from store.revision group by repository_id, digest_id
) as r on r.repository_id = s.repository_id and r.digest_id = s.digest_id
where t.tags_count > 0
    or not exists (
        select 1
        from store.manifest_ref as f
        join store.revision_state as i on i.digest_id = f.parent_id and i.repository_id = s.repository_id
        where f.role = 'manifest' and f.child_id = s.digest_id
    )
    and not exists (
        select 1
        from store.manifest as m
        join store.revision_state as j on j.digest_id = m.subject_id and j.repository_id = s.repository_id
        where m.digest_id = s.digest_id
    )
    and not exists (
        select 1 from store.referrer_tag as k where k.repository_id = s.repository_id and k.digest_id = s.digest_id
    );
