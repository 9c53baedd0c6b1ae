-- What goes with what is gone: revisions whose last tag went, children whose last index went, referrers of a subject.
-- Whatever a tag, an index or a subject that stays, or a protection holds does not go. Returns how many were added.
insert into gone
with stays as (
    select s.repository_id, s.digest_id
    from store.revision_state as s
    where not exists (
        select 1 from gone as g where g.repository_id = s.repository_id and g.digest_id = s.digest_id
    )
),
held as (
    select t.repository_id, t.digest_id
    from store.tag as t
    where t.digest_id is not null
        and not exists (select 1 from gone_tag as x where x.repository_id = t.repository_id and x.tag = t.tag)
    union
    select p.repository_id, p.digest_id from protected as p
    union
    select s.repository_id, f.child_id
    from stays as s
    join store.manifest_ref as f on f.parent_id = s.digest_id and f.role = 'manifest'
    union
    select s.repository_id, m.digest_id
    from stays as s
    join store.manifest as m on m.subject_id = s.digest_id
),
fallen as (
    select x.repository_id, x.digest_id, min(x.reason) as reason
    from gone_tag as x
    where x.digest_id is not null
    group by x.repository_id, x.digest_id
    union all
    select g.repository_id, f.child_id, 'child of an index that goes'
    from gone as g
    join store.manifest_ref as f on f.parent_id = g.digest_id and f.role = 'manifest'
    union all
    select g.repository_id, m.digest_id, 'its subject goes'
    from gone as g
    join store.manifest as m on m.subject_id = g.digest_id
)
select s.repository_id, s.digest_id, $step, min(f.reason), false
from fallen as f
join stays as s on s.repository_id = f.repository_id and s.digest_id = f.digest_id
where not exists (
    select 1 from held as h where h.repository_id = s.repository_id and h.digest_id = s.digest_id
)
group by s.repository_id, s.digest_id;
