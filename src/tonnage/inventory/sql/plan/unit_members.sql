-- What goes with each unit: children of its indexes, referrers of what is in it, in its repository. One row per pair.
create or replace temp table unit_member as
with recursive edge as (
    select cast(null as integer) as repository_id, parent_id as first_id, child_id as second_id from store.manifest_ref where role = 'manifest'
    union
    select null, subject_id, digest_id from store.manifest where subject_id is not null
    union
    select repository_id, subject_id, digest_id from store.referrer_tag
),
member as (
    select unit_id, repository_id, digest_id from unit
    union
    select m.unit_id, m.repository_id, e.second_id
    from member as m
    join edge as e on e.first_id = m.digest_id and (e.repository_id is null or e.repository_id = m.repository_id)
    join store.revision_state as s on s.repository_id = m.repository_id and s.digest_id = e.second_id
)
select unit_id, repository_id, digest_id from member;
