-- Count who needs each blob, once for all reports.
insert into store.usage
with weight as (
    -- How many revisions, and tags that lead to one, each manifest stands for.
    select
        s.digest_id,
        count(*) as revisions_count,
        bool_or(s.state <> 'untagged') as is_tagged,
        sum(coalesce(t.tags_count, 0)) as tags_count
    from store.revision_state as s
    left join (
        select repository_id, digest_id, count(*) as tags_count from store.tag group by repository_id, digest_id
    ) as t on t.repository_id = s.repository_id and t.digest_id = s.digest_id
    group by s.digest_id
),
by_root as (
    select
        r.blob_id,
        cast(sum(w.revisions_count) as bigint) as revisions_count,
        cast(sum(w.tags_count) as bigint) as tags_count,
        bool_or(w.is_tagged) as is_tagged
    from store.reach as r
    join weight as w on w.digest_id = r.root_id
    group by r.blob_id
),
by_reference as (
    select
        e.child_id as blob_id,
        cast(sum(w.revisions_count) as bigint) as references_count,
        count(*) as manifests_count
    from (select distinct parent_id, child_id from edge) as e
    join weight as w on w.digest_id = e.parent_id
    group by e.child_id
),
role as (
    -- The first of manifest, layer and config that something names it as, else what it is named as.
    select
        child_id as blob_id,
        min(case role when 'manifest' then 1 when 'layer' then 2 when 'config' then 3 end) as rank,
        min(role) as name
    from edge
    group by child_id
)
select
    b.digest_id,
    b.size_bytes,
    case when m.digest_id is not null or o.rank = 1 then 'manifest' when o.rank = 2 then 'layer' when o.rank = 3 then 'config' else o.name end,
    case when v.is_tagged then 'tagged' when v.revisions_count > 0 then 'untagged' else 'orphaned' end,
    v.blob_id is null and b.digest_id in (select blob_id from store.pin),
    coalesce(f.references_count, 0),
    coalesce(f.manifests_count, 0),
    coalesce(v.revisions_count, 0),
    coalesce(v.tags_count, 0),
    coalesce(y.repositories_count, 0),
    y.group_id
from store.blob as b
left join store.manifest as m on m.digest_id = b.digest_id
left join by_root as v on v.blob_id = b.digest_id
left join grouped_blob as y on y.blob_id = b.digest_id
left join by_reference as f on f.blob_id = b.digest_id
left join role as o on o.blob_id = b.digest_id;
drop table grouped_blob;
