-- Shared, exclusive and unreferenced bytes in every grouping; they add up to the stored bytes of all blobs. One row per grouping.
create or replace view accounting as
with counted as (
    select 'tag' as grouping_name, size_bytes, tags_count as holders_count from store.usage
    union all select 'revision', size_bytes, revisions_count from store.usage
    union all select 'repository', size_bytes, repositories_count from store.usage
    union all
    select 'namespace', u.size_bytes, coalesce(h.holders_count, 0)
    from store.usage as u
    left join (
        select group_id, count(*) as holders_count
        from (
            select distinct
                g.group_id,
                case when strpos(p.repository, '/') > 0 then split_part(p.repository, '/', 1) else '' end as namespace
            from store.repository_group as g
            join store.repository as p on p.repository_id = g.repository_id
        ) as held
        group by group_id
    ) as h on h.group_id = u.group_id
)
select
    grouping_name as "grouping",
    cast(coalesce(sum(size_bytes) filter (where holders_count = 1), 0) as bigint) as exclusive_bytes,
    cast(coalesce(sum(size_bytes) filter (where holders_count > 1), 0) as bigint) as shared_bytes,
    case when (select has_files from store.source)
        then cast(coalesce(sum(size_bytes) filter (where holders_count = 0), 0) as bigint)
    end as unreferenced_bytes,
    case when (select has_files from store.source) then cast(sum(size_bytes) as bigint) end as stored_bytes
from counted
group by grouping_name;
comment on view accounting is 'Shared, exclusive and unreferenced bytes in every grouping; they add up to the stored bytes of all blobs. One row per grouping.';
comment on column accounting."grouping" is 'By what blobs are held: tag, revision, repository, namespace.';
comment on column accounting.exclusive_bytes is 'Bytes that exactly one holder needs.';
comment on column accounting.shared_bytes is 'Bytes that several holders need.';
comment on column accounting.unreferenced_bytes is 'Bytes that no holder needs; null where unknown.';
comment on column accounting.stored_bytes is 'Bytes of all blobs; null where unknown.';
