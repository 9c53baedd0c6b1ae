-- Images that can be had by a tag, and their referrers, that lose something by the collection. They break by whatever
-- could be pulled before, be they complete or not. One row per image.
create or replace temp table gc_broken as
with rooted as (
    select distinct repository_id, root_id from gc_lost
),
part as materialized (
    select distinct o.repository_id, o.root_id, f.child_id, f.role = 'manifest' as is_manifest
    from rooted as o
    join store.reach as r on r.root_id = o.root_id
    join store.manifest_ref as f on f.parent_id = r.blob_id
    where f.role <> 'subject'
        and not f.has_urls
        and f.child_id not in (select digest_id from store.digest where digest = '')
),
wanted as materialized (
    select distinct repository_id, child_id from part
),
there as materialized (
    select l.repository_id, l.path_digest_id as digest_id, false as is_manifest
    from gc_layer_link as l
    join wanted as p on p.repository_id = l.repository_id and p.child_id = l.path_digest_id
    where l.is_link_valid and l.digest_id in (select digest_id from store.blob)
    union all
    select v.repository_id, v.path_digest_id, true
    from gc_revision as v
    join wanted as p on p.repository_id = v.repository_id and p.child_id = v.path_digest_id
    where v.is_link_valid and v.digest_id in (select digest_id from store.blob)
),
incomplete as (
    select distinct p.repository_id, p.root_id
    from part as p
    where not exists (
        select 1
        from there as t
        where t.repository_id = p.repository_id and t.digest_id = p.child_id and t.is_manifest = p.is_manifest
    )
)
select
    l.repository_id,
    l.root_id,
    l.state,
    count(distinct l.lost_id) as lost_count,
    coalesce(any_value(p.parts_count), 0) as pullable_count,
    min(r.number) as rule_number,
    not exists (
        select 1 from incomplete as i where i.repository_id = l.repository_id and i.root_id = l.root_id
    ) as was_complete
from gc_lost as l
join gc_rule as r using (rule)
left join (
    select repository_id, root_id, count(*) as parts_count from gc_part group by repository_id, root_id
) as p on p.repository_id = l.repository_id and p.root_id = l.root_id
group by l.repository_id, l.root_id, l.state;
