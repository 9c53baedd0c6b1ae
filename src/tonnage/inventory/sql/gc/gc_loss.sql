-- What images that can be had by a tag, and their referrers, lose by the collection. One row per image and lost part.
create or replace temp table gc_loss as
with taken as materialized (
    select x.digest_id
    from gc_removed_blob as x
    join store.usage as u on u.blob_id = x.digest_id
    where u.revisions_count > 0  -- else no revision leads to it
    union
    select digest_id from gc_removed_revision
    union
    select digest_id from gc_removed_layer_link
),
held as materialized (  -- what is not taken anywhere is nearly all, and of no interest
    select s.repository_id, s.digest_id as root_id, s.state, r.blob_id
    from store.reach as r
    join gc_state as s on s.digest_id = r.root_id and (s.state = 'tag' or s.state = 'referrer')
    where r.blob_id in (select digest_id from taken)
)
select h.repository_id, h.root_id, h.state, h.blob_id as lost_id, 'blob' as part
from held as h
join gc_removed_blob as x on x.digest_id = h.blob_id
union all
select h.repository_id, h.root_id, h.state, h.blob_id, 'revision'
from held as h
join gc_removed_revision as x on x.repository_id = h.repository_id and x.digest_id = h.blob_id
union all
select h.repository_id, h.root_id, h.state, h.blob_id, 'layer link'
from held as h
join gc_removed_layer_link as x on x.repository_id = h.repository_id and x.digest_id = h.blob_id
where not exists (
        select 1
        from gc_revision as v
        where v.repository_id = h.repository_id and v.path_digest_id = h.blob_id
    )
    and h.blob_id not in (select digest_id from gc_removed_blob);
