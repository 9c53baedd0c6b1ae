-- Layers of each tag as its manifest lists them. One row per repository and tag; the figures are null where it leads to no manifest that can be read.
create or replace view tag_layers as
with target as (
    select t.repository_id, t.tag, m.digest_id as root_id, m.kind
    from store.tag as t
    left join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = t.digest_id
    left join store.manifest as m
        on m.digest_id = s.digest_id
        and m.kind <> 'unreadable'
        and not exists (
            select 1
            from (
                -- indexes of which no child can be read
                select f.parent_id
                from store.manifest_ref as f
                left join store.manifest as c on c.digest_id = f.child_id and c.kind <> 'unreadable'
                where f.role = 'manifest'
                group by f.parent_id
                having count(c.digest_id) = 0
            ) as hollow
            where hollow.parent_id = m.digest_id
        )
),
root as (
    select distinct root_id, kind from target where root_id is not null
),
listed as (
    select r.root_id, f.size_bytes
    from root as r
    join store.manifest_ref as f on f.parent_id = r.root_id
    where r.kind <> 'index' and f.role in ('layer', 'artifact blob')
    union all
    select r.root_id, max(f.size_bytes)
    from root as r
    join store.reach as e on e.root_id = r.root_id
    join store.manifest_ref as f on f.parent_id = e.blob_id
    where r.kind = 'index'
        and f.role in ('layer', 'artifact blob', 'index blob')
        and coalesce(f.media_type, '') <> 'application/vnd.buildkit.cacheconfig.v0' -- a config, listed as if a layer
    group by r.root_id, f.child_id
),
counted as (
    select
        root_id,
        count(*) as layers_count,
        case when count(*) = count(size_bytes) then cast(sum(size_bytes) as bigint) end as declared_bytes
    from listed
    group by root_id
)
select
    p.repository,
    t.tag,
    case when t.root_id is not null then coalesce(c.layers_count, 0) end as layers_count,
    case when t.root_id is not null and c.root_id is null then 0 else c.declared_bytes end as declared_bytes
from target as t
join store.repository as p on p.repository_id = t.repository_id
left join counted as c on c.root_id = t.root_id;
comment on view tag_layers is 'Layers of each tag as its manifest lists them. One row per repository and tag; the figures are null where it leads to no manifest that can be read.';
comment on column tag_layers.repository is 'Repository.';
comment on column tag_layers.tag is 'Name of the tag.';
comment on column tag_layers.layers_count is 'Layers of an image as listed, one listed twice counted twice; the distinct layers below an index, as far as its children can be read.';
comment on column tag_layers.declared_bytes is 'Sum of their declared sizes in bytes, the config not counted; null where a size is not declared.';
