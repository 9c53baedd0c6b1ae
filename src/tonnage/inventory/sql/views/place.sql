-- Where on a map of the disk each blob lies: the lowest place that holds all who need it, so that areas add up. One row per blob.
create or replace view store.place as
with child as (
    -- what an index of the same repository lists goes with that index
    select distinct s.repository_id, f.child_id as digest_id
    from store.manifest_ref as f
    join store.revision_state as s on s.digest_id = f.parent_id
    where f.role = 'manifest' and f.child_id <> f.parent_id
),
held as (
    select s.repository_id, r.blob_id, case when c.digest_id is null or s.state = 'tag' then s.digest_id end as unit_id
    from store.revision_state as s
    join store.reach as r on r.root_id = s.digest_id
    left join child as c on c.repository_id = s.repository_id and c.digest_id = s.digest_id
),
named as (
    select
        repository_id,
        row_number() over (order by repository) as place,
        case when strpos(repository, '/') > 0 then split_part(repository, '/', 1) end as namespace
    from store.repository
),
common as (
    -- in the order of names: if the first and the last holder are of one namespace, so are all between
    select
        h.blob_id,
        min(n.place) as first,
        max(n.place) as last,
        case when min(h.unit_id) = max(h.unit_id) and min(n.place) = max(n.place) then min(h.unit_id) end as revision_id
    from held as h
    join named as n on n.repository_id = h.repository_id
    group by h.blob_id
)
select
    u.blob_id,
    u.size_bytes,
    u.class,
    case
        when c.revision_id is not null then 'revision'
        when c.first = c.last then 'repository'
        when f.namespace = l.namespace then 'namespace'
        else 'disk'
    end as level,
    case when c.first = c.last or f.namespace = l.namespace then f.namespace end as namespace,
    case when c.first = c.last then f.repository_id end as repository_id,
    c.revision_id
from store.usage as u
left join common as c on c.blob_id = u.blob_id
left join named as f on f.place = c.first
left join named as l on l.place = c.last;
comment on view store.place is 'Where on a map of the disk each blob lies, by number. One row per blob.';
comment on column store.place.blob_id is 'Number of the blob.';
comment on column store.place.size_bytes is 'Stored size in bytes.';
comment on column store.place.class is 'tagged, untagged, orphaned.';
comment on column store.place.level is 'revision, repository, namespace, disk: the lowest that holds all who need it.';
comment on column store.place.namespace is 'First component of the name of the repositories; null where several or none hold it.';
comment on column store.place.repository_id is 'The repository, if only one needs it.';
comment on column store.place.revision_id is 'The revision, if only one needs it that no index of its repository lists.';
create or replace view place as
select
    d.digest,
    t.size_bytes,
    t.class,
    t.level,
    t.namespace,
    p.repository,
    r.digest as revision
from store.place as t
join store.digest as d on d.digest_id = t.blob_id
left join store.repository as p on p.repository_id = t.repository_id
left join store.digest as r on r.digest_id = t.revision_id;
comment on view place is 'Where on a map of the disk each blob lies: the lowest place that holds all who need it, so that areas add up. One row per blob.';
comment on column place.digest is 'Digest of the blob.';
comment on column place.size_bytes is 'Stored size in bytes.';
comment on column place.class is 'tagged: some tag leads to it. untagged: only revisions without a tag do. orphaned: no linked manifest does.';
comment on column place.level is 'revision: one revision needs it, with its index. repository: several of one repository. namespace: several repositories of one namespace. disk: several namespaces, or nobody.';
comment on column place.namespace is 'First component of the repositories'' names; null where it has none, and on the level of the disk.';
comment on column place.repository is 'Repository, if only one needs it.';
comment on column place.revision is 'Digest of the revision, if only one needs it; an index counts for all it lists.';
