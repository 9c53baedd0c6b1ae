-- Blobs as files in folders of the revisions that need them, folders of a path beside each other. One row per revision and blob.
with held as (
    select distinct h.repository, h.revision, h.state, h.digest from holder as h
),
counted as (
    select digest, count(*) as links_count from held group by digest
),
named as (
    select repository, digest, string_agg(tag, ' ' order by tag) as tags from tag group by repository, digest
)
select
    h.repository,
    h.revision,
    coalesce(n.tags, h.state) as name,
    n.tags is not null as is_tagged,
    h.digest,
    coalesce(l.created_by, u.role) as step,
    coalesce(u.size_bytes, 0) as size_bytes,
    c.links_count
from held as h
join counted as c on c.digest = h.digest
join blob_usage as u on u.digest = h.digest
left join layer as l on l.digest = h.digest
left join named as n on n.repository = h.repository and n.digest = h.revision
order by string_split(h.repository, '/'), h.revision, h.digest;
