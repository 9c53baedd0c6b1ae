-- What images that can be had by a tag, and their referrers, lose by the collection, and by which rule. One row per image
-- and lost part.
create or replace temp table gc_lost as
with direct as (
    select distinct parent_id, child_id from store.manifest_ref where role <> 'subject'
)
select
    l.repository_id,
    l.root_id,
    l.state,
    l.lost_id,
    l.part,
    case
        when walked.repository_id is null then case when p.has_layers then 'hidden' else 'no _layers' end
        when l.state = 'referrer' and own.digest_id is not null then 'referrer'
        when l.part = 'layer link' then 'layer link order'
        when l.lost_id = l.root_id then 'link'
        when d.child_id is not null and l.part = 'blob' then 'link'
        when alias.digest_id is not null then 'sha512'
        when c.version = 2 and c.delete_untagged then 'index child'
        when c.version = 2 then 'foreign child'
        when child.root_id is not null then 'walk order'
        else 'foreign child'
    end as rule
from gc_loss as l
cross join gc_collector as c
join store.repository as p on p.repository_id = l.repository_id
left join gc_walked as walked on walked.repository_id = l.repository_id
left join gc_removed_revision as own on own.repository_id = l.repository_id and own.digest_id = l.root_id
left join direct as d on d.parent_id = l.root_id and d.child_id = l.lost_id
left join (
    select distinct digest_id from store.layer_link where digest_id <> path_digest_id and is_link_valid
) as alias on alias.digest_id = l.lost_id
left join (
    select distinct x.repository_id, x.root_id, e.child_id
    from gc_loss as x
    join store.reach as r on r.root_id = x.root_id and r.blob_id <> x.root_id
    join gc_revision as v on v.repository_id = x.repository_id and v.path_digest_id = r.blob_id
    join direct as e on e.parent_id = r.blob_id and e.child_id = x.lost_id
) as child on child.repository_id = l.repository_id and child.root_id = l.root_id and child.child_id = l.lost_id;
