-- What was asked for and cannot go: an index that stays lists it, or its subject stays and nobody named it.
insert into protected
with stays as (
    select s.repository_id, s.digest_id
    from store.revision_state as s
    where not exists (
        select 1 from gone as g where g.repository_id = s.repository_id and g.digest_id = s.digest_id
    )
)
select g.repository_id, g.digest_id, 'an index that stays lists it'
from gone as g
join store.manifest_ref as f on f.child_id = g.digest_id and f.role = 'manifest'
join stays as s on s.repository_id = g.repository_id and s.digest_id = f.parent_id
union
select g.repository_id, g.digest_id, 'its subject stays'
from gone as g
join store.manifest as m using (digest_id)
join stays as s on s.repository_id = g.repository_id and s.digest_id = m.subject_id
where not g.is_named
union
select g.repository_id, g.digest_id, 'its subject stays'
from gone as g
join store.referrer_tag as f using (repository_id, digest_id)
join stays as s on s.repository_id = g.repository_id and s.digest_id = f.subject_id
where not g.is_named;
