-- Count who needs each blob, once for all reports.
insert into store.usage
with holding as (
    select s.repository_id, s.digest_id, s.state, r.blob_id
    from store.revision_state as s
    join store.reach as r on r.root_id = s.digest_id
),
by_revision as (
    select
        blob_id,
        count(*) as revisions_count,
        bool_or(state <> 'untagged') as is_tagged
    from holding
    group by blob_id
),
by_repository as (
    select blob_id, count(*) as repositories_count
    from (select distinct blob_id, repository_id from holding)
    group by blob_id
),
by_tag as (
    select r.blob_id, count(*) as tags_count
    from store.tag as t
    join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = t.digest_id
    join store.reach as r on r.root_id = t.digest_id
    group by r.blob_id
),
edge as (
    select parent_id, child_id, role from store.manifest_ref where role <> 'subject'
    union
    select f.parent_id, a.stored_id, f.role
    from store.manifest_ref as f
    join store.alias as a on a.digest_id = f.child_id
    where f.role <> 'subject'
),
linked as (
    select digest_id, count(*) as repositories_count from store.revision_state group by digest_id
),
by_reference as (
    select
        e.child_id as blob_id,
        cast(sum(l.repositories_count) as bigint) as references_count,
        count(*) as manifests_count
    from (select distinct parent_id, child_id from edge) as e
    join linked as l on l.digest_id = e.parent_id
    group by e.child_id
),
role as (
    select child_id as blob_id, min(case role when 'manifest' then '1' when 'layer' then '2' when 'config' then '3' else '4' end || role) as ranked
    from edge
    group by child_id
)
select
    b.digest_id,
    b.size_bytes,
    case when m.digest_id is not null then 'manifest' else substr(o.ranked, 2) end,
    case when v.is_tagged then 'tagged' when v.revisions_count > 0 then 'untagged' else 'orphaned' end,
    v.blob_id is null and b.digest_id in (select blob_id from store.pin),
    coalesce(f.references_count, 0),
    coalesce(f.manifests_count, 0),
    coalesce(v.revisions_count, 0),
    coalesce(t.tags_count, 0),
    coalesce(y.repositories_count, 0)
from store.blob as b
left join store.manifest as m on m.digest_id = b.digest_id
left join by_revision as v on v.blob_id = b.digest_id
left join by_repository as y on y.blob_id = b.digest_id
left join by_tag as t on t.blob_id = b.digest_id
left join by_reference as f on f.blob_id = b.digest_id
left join role as o on o.blob_id = b.digest_id
order by b.digest_id;
