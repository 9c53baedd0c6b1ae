-- What goes with what is gone: revisions whose last tag went, children whose last index went, referrers of a subject.
-- Whatever a tag, an index or a subject that stays, or a protection holds does not go. Returns how many were added.
-- Only those that may fall are looked at: they are few, and a registry's tags and references are many.
insert into gone
with fallen as (
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
),
falling as (
    select s.repository_id, s.digest_id, min(f.reason) as reason
    from fallen as f
    join store.revision_state as s on s.repository_id = f.repository_id and s.digest_id = f.digest_id
    where not exists (
        select 1 from gone as g where g.repository_id = s.repository_id and g.digest_id = s.digest_id
    )
    group by s.repository_id, s.digest_id
),
holder as (
    select c.repository_id, c.digest_id, f.parent_id as holder_id
    from falling as c
    join store.manifest_ref as f on f.child_id = c.digest_id and f.role = 'manifest'
    union all
    select c.repository_id, c.digest_id, m.subject_id
    from falling as c
    join store.manifest as m on m.digest_id = c.digest_id
    where m.subject_id is not null
),
held as (
    select t.repository_id, t.digest_id
    from store.tag as t
    join falling as c on c.repository_id = t.repository_id and c.digest_id = t.digest_id
    where not exists (select 1 from gone_tag as x where x.repository_id = t.repository_id and x.tag = t.tag)
    union all
    select p.repository_id, p.digest_id from protected as p
    union all
    select h.repository_id, h.digest_id
    from holder as h
    join store.revision_state as s on s.repository_id = h.repository_id and s.digest_id = h.holder_id
    where not exists (
        select 1 from gone as g where g.repository_id = s.repository_id and g.digest_id = s.digest_id
    )
)
select c.repository_id, c.digest_id, $step, c.reason, false
from falling as c
where not exists (
    select 1 from held as h where h.repository_id = c.repository_id and h.digest_id = c.digest_id
);
