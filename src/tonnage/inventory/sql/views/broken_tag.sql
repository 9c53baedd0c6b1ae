-- Tags that cannot be pulled completely; of a pull-through cache, which fetches what is missing, only damaged ones. One row per repository and tag.
create or replace view broken_tag as
with cache as (  -- fetches again what is missing, so that only damage is in the way
    select count(*) > 0 as is_cache from store.problem where kind = 'pull_through_cache'
),
unusable as (  -- links that hold no digest: the registry fails on them, as it does on none at all
    select distinct r.repository_id, d.digest_id, p.kind in ('empty_revision_link', 'bad_revision_link') as is_manifest
    from store.problem as p
    join store.repository as r on r.repository = p.repository
    join store.digest as d on d.digest = p.digest
    where p.kind in ('empty_revision_link', 'bad_revision_link', 'empty_layer_link', 'bad_layer_link')
),
target as (
    select
        t.repository_id,
        t.tag,
        case when z.digest_id is null then m.digest_id end as root_id,
        exists (
            select 1 from store.manifest as u where u.digest_id = s.digest_id and u.kind = 'unreadable'
        ) as is_unreadable
    from store.tag as t
    left join store.revision_state as s on s.repository_id = t.repository_id and s.digest_id = t.digest_id
    left join store.manifest as m on m.digest_id = s.digest_id and m.kind <> 'unreadable'
    left join unusable as z on z.repository_id = t.repository_id and z.digest_id = t.digest_id and z.is_manifest
),
part as (
    select
        r.repository_id,
        r.root_id,
        f.child_id,
        f.size_bytes,
        f.role = 'manifest' as is_manifest,
        -- over HTTP links are unknown, and a blob that is there is taken for linked
        case when not o.has_files and f.role <> 'manifest' then f.child_id end as taken_id
    from (select distinct repository_id, root_id from target where root_id is not null) as r
    join store.reach as e on e.root_id = r.root_id
    join store.manifest_ref as f on f.parent_id = e.blob_id
    cross join store.source as o
    where f.role <> 'subject'
        and not f.has_urls
        and f.child_id not in (select digest_id from store.digest where digest = '')
),
link as (
    select l.repository_id, l.path_digest_id as digest_id, false as is_manifest, l.digest_id as stored_id
    from store.layer_link as l
    union all
    select v.repository_id, v.path_digest_id, true, v.digest_id
    from store.revision as v
),
linked as (
    select l.repository_id, l.digest_id, l.is_manifest, l.stored_id
    from link as l
    left join unusable as z
        on z.repository_id = l.repository_id and z.digest_id = l.digest_id and z.is_manifest = l.is_manifest
    where z.digest_id is null
),
damaged as (
    select d.digest_id
    from store.problem as p
    join store.digest as d on d.digest = p.digest
    where p.kind in ('digest_mismatch', 'unreadable_manifest')
),
fault as (
    select
        p.repository_id,
        p.root_id,
        case
            when b.digest_id is null and exists (select 1 from store.blob as s where s.digest_id = p.child_id)
                then 'unlinked'
            when b.digest_id is null then 'missing'
            when x.digest_id is not null or p.size_bytes <> b.size_bytes then 'damaged'
        end as reason
    from part as p
    left join linked as l
        on l.repository_id = p.repository_id and l.digest_id = p.child_id and l.is_manifest = p.is_manifest
    left join store.blob as b on b.digest_id = coalesce(l.stored_id, p.taken_id)
    left join damaged as x on x.digest_id = b.digest_id
    union all
    select r.repository_id, r.root_id, 'damaged'
    from target as r
    join damaged as x on x.digest_id = r.root_id
)
select
    p.repository,
    t.tag,
    coalesce(f.reason, 'no manifest') as reason
from target as t
join store.repository as p on p.repository_id = t.repository_id
left join (
    select repository_id, root_id, max(reason) as reason
    from fault
    where reason is not null and (reason = 'damaged' or not (select is_cache from cache))
    group by repository_id, root_id
) as f on f.repository_id = t.repository_id and f.root_id = t.root_id
where f.reason is not null or t.root_id is null and (t.is_unreadable or not (select is_cache from cache));
comment on view broken_tag is 'Tags that cannot be pulled completely; of a pull-through cache, which fetches what is missing, only damaged ones. One row per repository and tag.';
comment on column broken_tag.repository is 'Repository.';
comment on column broken_tag.tag is 'Name of the tag.';
comment on column broken_tag.reason is 'no manifest: it leads to none that can be read. missing: something it needs is not stored. unlinked: it is stored, but its repository has no link to it, or one that holds no digest. damaged: its bytes are not those that are declared.';
