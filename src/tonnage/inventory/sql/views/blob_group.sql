-- Blobs that exactly the same repositories need, taken together: who shares how much with whom. One row per group and repository that needs it.
create or replace view blob_group as
select
    n.first_repository || '@' || s.first_digest as group_name,
    p.repository,
    s.blobs_count,
    s.size_bytes
from store.repository_group as g
join (
    select u.group_id, count(*) as blobs_count, cast(sum(u.size_bytes) as bigint) as size_bytes, min(d.digest) as first_digest
    from store.usage as u
    join store.digest as d on d.digest_id = u.blob_id
    where u.group_id is not null
    group by u.group_id
) as s on s.group_id = g.group_id
join (
    select o.group_id, min(r.repository) as first_repository
    from store.repository_group as o
    join store.repository as r on r.repository_id = o.repository_id
    group by o.group_id
) as n on n.group_id = g.group_id
join store.repository as p on p.repository_id = g.repository_id;
comment on view blob_group is 'Blobs that exactly the same repositories need, taken together: who shares how much with whom. One row per group and repository that needs it.';
comment on column blob_group.group_name is 'The first of its repositories, and the first of its blobs: REPOSITORY@DIGEST. No two groups have the same.';
comment on column blob_group.repository is 'Repository that needs all of them.';
comment on column blob_group.blobs_count is 'Number of these blobs.';
comment on column blob_group.size_bytes is 'Their stored bytes.';
