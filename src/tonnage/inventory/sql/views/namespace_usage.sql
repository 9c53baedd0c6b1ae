-- What the repositories below each first name component need together. One row per namespace.
create or replace view namespace_usage as
with named as (
    select
        repository_id,
        repository,
        case when strpos(repository, '/') > 0 then split_part(repository, '/', 1) else '' end as namespace
    from store.repository
),
grouped as (
    -- blobs that exactly the same repositories need, taken together
    select group_id, sum(size_bytes) as size_bytes from store.usage where group_id is not null group by group_id
),
held as (
    select distinct n.namespace, g.group_id
    from store.repository_group as g
    join named as n on n.repository_id = g.repository_id
),
holders as (
    select group_id, count(*) as namespaces_count from held group by group_id
),
bytes as (
    select
        h.namespace,
        cast(sum(u.size_bytes) as bigint) as stored_bytes,
        cast(coalesce(sum(u.size_bytes) filter (where o.namespaces_count = 1), 0) as bigint) as exclusive_bytes,
        -- added as decimals, which come to the same in any order
        cast(
            sum(cast(cast(u.size_bytes as double precision) / o.namespaces_count as decimal(38, 6))) as double precision
        ) as fair_share_bytes
    from held as h
    join holders as o on o.group_id = h.group_id
    join grouped as u on u.group_id = h.group_id
    group by h.namespace
)
select
    n.namespace,
    count(*) as repositories_count,
    coalesce(max(b.stored_bytes), 0) as stored_bytes,
    coalesce(max(b.exclusive_bytes), 0) as exclusive_bytes,
    coalesce(max(b.stored_bytes - b.exclusive_bytes), 0) as shared_bytes,
    max(b.fair_share_bytes) as fair_share_bytes
from named as n
left join bytes as b on b.namespace = n.namespace
group by n.namespace;
comment on view namespace_usage is 'What the repositories below each first name component need together. One row per namespace.';
comment on column namespace_usage.namespace is 'First component of the names; empty for repositories with only one.';
comment on column namespace_usage.repositories_count is 'Number of its repositories.';
comment on column namespace_usage.stored_bytes is 'Stored bytes of the blobs they need, each counted once.';
comment on column namespace_usage.exclusive_bytes is 'Bytes that no other namespace needs.';
comment on column namespace_usage.shared_bytes is 'Bytes that other namespaces need too.';
comment on column namespace_usage.fair_share_bytes is 'Its part where what is shared is divided evenly among the namespaces that need it; null where it needs nothing.';
