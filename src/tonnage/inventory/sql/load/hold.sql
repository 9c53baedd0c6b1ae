-- Which revisions hold which within a repository: as children of an index, by their subject, by the name of a tag.
-- Only where there is: (select 1 from store.manifest_ref where role = 'manifest' union all select 1 from store.manifest where subject_id is not null union all select 1 from store.referrer_tag)
insert into store.hold
select e.repository_id, e.holder_id, e.digest_id, bool_or(e.is_index)
from (
    select s.repository_id, f.parent_id as holder_id, f.child_id as digest_id, true as is_index
    from store.manifest_ref as f
    join store.revision_state as s on s.digest_id = f.parent_id
    where f.role = 'manifest'
    union all
    select s.repository_id, m.subject_id, m.digest_id, false
    from store.manifest as m
    join store.revision_state as s on s.digest_id = m.subject_id
    union all
    select repository_id, subject_id, digest_id, false
    from store.referrer_tag
) as e
join store.revision_state as h on h.repository_id = e.repository_id and h.digest_id = e.digest_id
group by e.repository_id, e.holder_id, e.digest_id
order by e.repository_id, e.holder_id, e.digest_id;
