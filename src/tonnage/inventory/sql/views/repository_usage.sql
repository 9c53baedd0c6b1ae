-- What each repository needs. One row per repository.
create or replace view repository_usage as
with shared as (
    -- by groups of blobs, which exactly the same repositories need
    select
        group_id,
        count(*) as blobs_count,
        sum(size_bytes) as stored_bytes,
        coalesce(sum(size_bytes) filter (where repositories_count = 1), 0) as exclusive_bytes
    from store.usage
    where group_id is not null
    group by group_id
),
held as (
    select
        g.repository_id,
        cast(sum(s.blobs_count) as bigint) as blobs_count,
        cast(sum(s.stored_bytes) as bigint) as stored_bytes,
        cast(sum(s.exclusive_bytes) as bigint) as exclusive_bytes
    from store.repository_group as g
    join shared as s on s.group_id = g.group_id
    group by g.repository_id
),
logical as (
    select s.repository_id, cast(sum(m.size_bytes) as bigint) as logical_bytes
    from store.revision_state as s
    join (
        -- Each manifest once, in however many repositories it is.
        select root_id, sum(size_bytes) as size_bytes
        from (
            select digest_id as root_id, size_bytes from store.blob where digest_id in (select digest_id from store.manifest)
            union all
            select f.parent_id, b.size_bytes
            from (
                select distinct r.parent_id, coalesce(a.stored_id, r.child_id) as child_id
                from store.manifest_ref as r
                left join store.alias as a on a.digest_id = r.child_id
                where r.role not in ('subject', 'manifest')
            ) as f
            join store.blob as b on b.digest_id = f.child_id
        ) as part
        group by root_id
    ) as m on m.root_id = s.digest_id
    group by s.repository_id
),
revisions as (
    select
        repository_id,
        count(*) as revisions_count,
        count(*) filter (where state = 'untagged') as untagged_count
    from store.revision_state
    group by repository_id
),
tags as (
    select repository_id, count(*) as tags_count, max(modified_at) as pushed_at from store.tag group by repository_id
),
used as (
    select
        repository_id,
        max(used_at) as used_at,
        case when count(*) = count(unused_since_at) then max(unused_since_at) end as unused_since_at
    from store.last_use
    group by repository_id
)
select
    p.repository,
    case when strpos(p.repository, '/') > 0 then split_part(p.repository, '/', 1) else '' end as namespace,
    coalesce(t.tags_count, 0) as tags_count,
    case when (select has_untagged from store.source) then coalesce(r.revisions_count, 0) end as revisions_count,
    case when (select has_untagged from store.source) then coalesce(r.untagged_count, 0) end as untagged_count,
    coalesce(h.blobs_count, 0) as blobs_count,
    coalesce(h.stored_bytes, 0) as stored_bytes,
    coalesce(h.exclusive_bytes, 0) as exclusive_bytes,
    coalesce(h.stored_bytes - h.exclusive_bytes, 0) as shared_bytes,
    coalesce(l.logical_bytes, 0) as logical_bytes,
    t.pushed_at,
    e.used_at,
    e.unused_since_at
from store.repository as p
left join used as e on e.repository_id = p.repository_id
left join held as h on h.repository_id = p.repository_id
left join logical as l on l.repository_id = p.repository_id
left join revisions as r on r.repository_id = p.repository_id
left join tags as t on t.repository_id = p.repository_id;
comment on view repository_usage is 'What each repository needs. One row per repository.';
comment on column repository_usage.repository is 'Name of the repository.';
comment on column repository_usage.namespace is 'First component of the name; empty where it has only one.';
comment on column repository_usage.tags_count is 'Number of its tags.';
comment on column repository_usage.revisions_count is 'Number of its revisions; null where untagged ones are unknown.';
comment on column repository_usage.untagged_count is 'Revisions no tag leads to; null where untagged ones are unknown.';
comment on column repository_usage.blobs_count is 'Number of blobs its revisions need.';
comment on column repository_usage.stored_bytes is 'Stored bytes of the blobs its revisions need, each counted once.';
comment on column repository_usage.exclusive_bytes is 'Bytes that no other repository needs: what would be freed if all of it went.';
comment on column repository_usage.shared_bytes is 'Bytes that other repositories need too.';
comment on column repository_usage.logical_bytes is 'Bytes it would take if nothing were shared: every revision with a config and layers of its own.';
comment on column repository_usage.pushed_at is 'When a tag of it was pushed last, UTC.';
comment on column repository_usage.used_at is 'Last pull that is known, UTC: it was used then or later. Null where none is known.';
comment on column repository_usage.unused_since_at is 'Since when it was surely not used, UTC; null where that is unknown.';
